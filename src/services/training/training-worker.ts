/** The training thread's own code: the serving estimator, one request after the other. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../common/errors.js';
import { Random } from '../../common/random.js';
import { ESTIMATORS, type FitStep, SERVING_ESTIMATOR } from '../../learning/estimators.js';
import { choiceOf } from '../../learning/votes.js';
import type { Ready } from '../kept-thread.js';
import type { TrainingMessage, TrainingOutcome, TrainingReply, TrainingRequest } from './training-protocol.js';

if (!parentPort) throw new Error('This file is the entry of a worker thread.');
const port = parentPort;
const reply = (message: TrainingReply | Ready) => port.postMessage(message);

function train({ votes, seed, prior }: TrainingRequest, onStep: (step: FitStep) => void): TrainingOutcome {
  return ESTIMATORS[SERVING_ESTIMATOR](votes, { seed, prior, onStep });
}

/** A few trainings on noise, so that the first vote meets compiled code. */
function warmUp(): void {
  const random = new Random('warm-up');
  const posterior = () => ({ mean: random.normals(32), logVariance: new Float32Array(32).fill(-2) });
  const vote = () => choiceOf([posterior(), posterior(), posterior(), posterior()], 0);
  for (const count of [1, 10, 20, 30]) {
    train({ votes: Array.from({ length: count }, vote), seed: 'warm-up' }, () => undefined);
  }
}

port.on('message', ({ id, request }: TrainingMessage) => {
  try {
    const outcome = train(request, (step) => reply({ kind: 'step', id, step }));
    reply({ kind: 'done', id, outcome });
  } catch (error) {
    reply({ kind: 'failed', id, message: messageOf(error) });
  }
});
warmUp();
reply({ kind: 'ready' });
