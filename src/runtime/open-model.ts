/** Opens a model file for serving, and makes sure that it answers before anybody asks. */
import { messageOf, PalateError } from '../common/errors.js';
import { openGguf } from '../language-model/gguf.js';
import type { LanguageModelFile } from '../language-model/model.js';
import { DecodeLoop } from './decode-loop.js';
import type { WorkerSetup } from './messages.js';
import { compileAdapter, compileModel } from './model-files.js';
import { ModelFault, ServingModel } from './serving-model.js';
import { Session } from './session.js';
import type { DecodeRow } from './types.js';

export interface OpenedModel {
  file: LanguageModelFile;
  model: ServingModel;
  /**
   * Spells, asks a short question and reads the answer, with a prefix and without one.
   * @throws PalateError with what kept the model from answering
   */
  tryOut(): Promise<void>;
  close(): Promise<void>;
}

/** @throws PalateError MODEL_UNAVAILABLE for a file that cannot be served, or that cannot answer a first question */
export async function openModel(setup: Omit<WorkerSetup, 'slots'>): Promise<OpenedModel> {
  const file = await openGguf(setup.modelPath);
  const compiled = await compileModel(file, setup.cacheFolder, 'packed');
  const adapter = setup.adapter ? await compileAdapter(file, setup.cacheFolder, setup.adapter) : null;
  const opened: Session[] = [];
  const open = async (path: string, threads = setup.threads) => {
    opened.push(await Session.open(path, threads));
    return opened[opened.length - 1];
  };
  let score: Promise<Session> | undefined;
  const model = new ServingModel(file.config, {
    decode: await open(compiled.decode),
    read: await open(compiled.read),
    score: () => {
      score ??= open(compiled.score);
      return score;
    },
    adapter:
      setup.adapter && adapter ? { session: await open(adapter, 1), latentSize: setup.adapter.latentSize } : undefined,
  });
  const tryOut = () => askFirst(file, model);
  const close = async () => {
    for (const session of opened.splice(0)) await session.close();
  };
  try {
    await tryOut();
  } catch (cause) {
    await close();
    const what = cause instanceof ModelFault ? `${cause.what}.` : messageOf(cause);
    const todo = `Use another model file${adapter ? ', or another checkpoint' : ''}.`;
    const message = `Model file ${file.path} cannot answer a first question: ${what} ${todo}`;
    throw new PalateError('MODEL_UNAVAILABLE', message, { cause });
  }
  return { file, model, tryOut, close };
}

const FIRST_QUESTION = 'Hello.';

/** What a tokenizer has to give back as it was: every language is written with some of it. */
const SPELLING = `${String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i))}\nhello world`;

async function askFirst({ tokenizer }: LanguageModelFile, model: ServingModel): Promise<void> {
  const spelled = tokenizer.decode(tokenizer.encode(SPELLING));
  if (spelled !== SPELLING) {
    const what = `it reads ${JSON.stringify(SPELLING)} as ${JSON.stringify(spelled)}.`;
    throw new PalateError('MODEL_UNAVAILABLE', what);
  }
  const { ids: promptIds, lastUserTurn } = tokenizer.encodeChat([{ role: 'user', content: FIRST_QUESTION }]);
  const row = (latent: Float32Array | null): DecodeRow => ({
    latent,
    seed: 0,
    temperature: 1,
    topP: 1,
    minP: 0,
    dryMultiplier: 0,
  });
  const rows = model.latentSize > 0 ? [row(null), row(new Float32Array(model.latentSize))] : [row(null)];
  let failure: unknown;
  let replies: number[][] = [];
  const loop = new DecodeLoop(model, rows.length, {
    tokens: () => {},
    generated: (_, decoded) => {
      replies = decoded.map(({ tokens }) => tokens);
    },
    failed: (_, error) => {
      failure = error;
    },
  });
  loop.submit(0, { promptIds, lastUserTurn, rows, maxTokens: 2, stopTokens: [] });
  while (!loop.idle) await loop.step();
  if (failure) throw failure;
  const read = loop.read({ promptIds, lastUserTurn, replies });
  while (!loop.idle) await loop.step();
  await read;
}
