/** The thread that encodes prompts: off the main thread, one at a time, members in turn, and there again when it died. */
import { getEventListeners } from 'node:events';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/common/log.js';
import type { LanguageModelFile } from '../../src/language-model/model.js';
import type { ChatTurn } from '../../src/language-model/tokenizer.js';
import { ConversationFitter } from '../../src/services/generations/history.js';
import { PromptThread } from '../../src/services/generations/prompt-thread.js';
import { tinyModelOf } from './shared-threads.js';

const ROOM = { reply: 20, written: 0 };
const user = (content: string): ChatTurn => ({ role: 'user', content });

describe('the prompt thread', () => {
  let folder: string;
  let model: LanguageModelFile;
  let thread: PromptThread;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'palate-prompts-'));
    model = await tinyModelOf(folder);
    thread = new PromptThread(model, createLog('silent'));
  });
  afterAll(async () => {
    await thread.stop();
    await rm(folder, { recursive: true });
  });

  it('gives what the tokenizer gives', async () => {
    const turns = [user('Hi'), { role: 'assistant' as const, content: 'Hello' }, user('Bye <|im_end|>')];
    const fitter = new ConversationFitter(model.tokenizer, model.config.contextLength);
    expect(await thread.fit('a', turns, ROOM)).toEqual(fitter.fit(turns, ROOM));
    expect(await thread.encode('Hi', ['Hello', ''])).toEqual({
      prompt: model.tokenizer.encodeChat([user('Hi')]),
      replies: [model.tokenizer.encode('Hello'), []],
    });
  });

  it('leaves the main thread to others, and takes members in turn', async () => {
    const long = [user('漢字 '.repeat(2_000))];
    const answered: string[] = [];
    const ask = (member: string) =>
      thread.fit(member, long, ROOM).catch((error) => {
        expect(error.code).toBe('TOO_LONG');
        answered.push(member);
      });
    const asked = [...Array.from({ length: 5 }, () => ask('a')), ask('b'), ask('c')];
    let turns = 0;
    const count = () => {
      turns++;
      if (answered.length < asked.length) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all(asked);
    expect(answered).toEqual(['a', 'b', 'c', 'a', 'a', 'a', 'a']);
    // Far fewer if each encoding were a single turn of this loop.
    expect(turns).toBeGreaterThan(asked.length * 2);
  });

  it('encodes nothing more for those who are gone, and takes no turn of their member for it', async () => {
    const long = [user('漢字 '.repeat(2_000))];
    const gone = new AbortController();
    const answered: string[] = [];
    const ask = (name: string, signal?: AbortSignal) =>
      thread.fit(name[0], long, ROOM, signal).catch(({ code }) => answered.push(`${name} ${code}`));
    const asked = [ask('a', gone.signal), ask('b1', gone.signal), ask('b2'), ask('c')];
    await turn();
    gone.abort();
    await turn();
    expect(answered).toEqual(['a CANCELLED', 'b1 CANCELLED']);
    await Promise.all(asked);
    // Had b1 been encoded, c would have been next.
    expect(answered.slice(2)).toEqual(['b2 TOO_LONG', 'c TOO_LONG']);
    await ask('d', gone.signal);
    expect(answered.at(-1)).toBe('d CANCELLED');
    expect(getEventListeners(gone.signal, 'abort')).toEqual([]);
  });

  it('says what does not fit, and how long it may be', async () => {
    const long = 'x'.repeat(2_000);
    const refused = await thread.fit('a', [user(long)], ROOM).catch((error) => error);
    expect(refused).toMatchObject({
      name: 'PalateError',
      code: 'TOO_LONG',
      message: expect.stringMatching(/The prompt has 2000 characters/),
      // Bots say it in people's own languages.
      maximum: expect.any(Number),
    });
    expect(await thread.fit('a', [user(long.slice(0, refused.maximum))], ROOM)).toMatchObject({ maxTokens: 20 });
    await expect(thread.fit('a', [{ role: 'assistant', content: 'Hi' }], ROOM)).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  it('cannot start without its file, and starts when that is back', async () => {
    const moved = `${model.path}.away`;
    await rename(model.path, moved);
    const another = new PromptThread(model, createLog('silent'));
    await expect(another.fit('a', [user('Hi')], ROOM)).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
    await rename(moved, model.path);
    await expect
      .poll(() => another.fit('a', [user('Hi')], ROOM).catch(({ code }) => code))
      .toMatchObject({ maxTokens: 20 });
    await another.stop();
    await expect(another.fit('a', [user('Hi')], ROOM)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
