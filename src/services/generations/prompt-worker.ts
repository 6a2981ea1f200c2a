/** The prompt thread's own code: the model's tokenizer, one request after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, PalateError } from '../../common/errors.js';
import { openTokenizer } from '../../language-model/gguf.js';
import type { Ready } from '../kept-thread.js';
import { ConversationFitter } from './history.js';
import type { PromptReply, PromptRequest, PromptWorkerData } from './prompt-thread.js';

if (!parentPort) throw new Error('This file is the entry of a worker thread.');
const port = parentPort;
const tell = (reply: PromptReply | Ready) => port.postMessage(reply);

const { modelPath, contextLength } = workerData as PromptWorkerData;
const tokenizer = await openTokenizer(modelPath);
const fitter = new ConversationFitter(tokenizer, contextLength);
// The first encoding makes the library's tables, which nobody's prompt should wait for.
tokenizer.encode('a');

function answer(request: PromptRequest): unknown {
  if (request.kind === 'fit') return fitter.fit(request.turns, request.room);
  return {
    prompt: tokenizer.encodeChat([{ role: 'user', content: request.prompt }]),
    replies: request.replies.map((reply) => tokenizer.encode(reply)),
  };
}

port.on('message', (request: PromptRequest) => {
  try {
    tell({ kind: 'done', result: answer(request) });
  } catch (error) {
    const { code, maximum } = error instanceof PalateError ? error : { code: 'INTERNAL' as const, maximum: undefined };
    tell({ kind: 'failed', code, message: messageOf(error), maximum });
  }
});
tell({ kind: 'ready' });
