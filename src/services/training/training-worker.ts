/** The training thread's own code: quality gate and Latent DPO, one request after the other. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../common/errors.js';
import { Random } from '../../common/random.js';
import { weighByAgreement } from '../../learning/agreement.js';
import { qualityGate } from '../../learning/gate.js';
import { fitEncoder, gatherEvidence } from '../../learning/latent-dpo.js';
import type { Ready } from '../kept-thread.js';
import type { LatentPair } from '../preferences/pairing.js';
import type {
  TrainingMessage,
  TrainingOutcome,
  TrainingReply,
  TrainingRequest,
  TrainingStep,
} from './training-protocol.js';

if (!parentPort) throw new Error('This file is the entry of a worker thread.');
const port = parentPort;
const reply = (message: TrainingReply | Ready) => port.postMessage(message);

function train({ verdicts, seed, prior }: TrainingRequest, onStep: (step: TrainingStep) => void): TrainingOutcome {
  const evidence = gatherEvidence(verdicts.flat(), seed);
  const { accepted, reason, heldOut } = qualityGate(verdicts, seed, evidence, prior);
  const weighed = heldOut ? weighByAgreement(evidence, verdicts, heldOut) : evidence;
  let totalSteps = 0;
  const result = fitEncoder(weighed, {
    prior,
    onStep: (step, total, loss, accuracy) => {
      totalSteps = total;
      onStep({ step, totalSteps: total, loss, accuracy });
    },
  });
  return { ...result, accepted, reason, totalSteps };
}

/** A few trainings on noise, so that the first vote meets compiled code. */
function warmUp(): void {
  const random = new Random('warm-up');
  const posterior = () => ({ mean: random.normals(32), logVariance: new Float32Array(32).fill(-2) });
  const pair = (): LatentPair => ({ chosen: posterior(), rejected: posterior(), weight: 1 });
  for (const count of [1, 10, 20, 30]) {
    train(
      { verdicts: Array.from({ length: count }, () => [pair(), pair(), pair()]), seed: 'warm-up' },
      () => undefined,
    );
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
