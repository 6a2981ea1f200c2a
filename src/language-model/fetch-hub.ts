/**
 * Fetches one file of a model repository on the Hugging Face hub. HF_TOKEN (for gated models) and HF_ENDPOINT (for
 * mirrors) mean what they mean to the hub's other clients. An interrupted download goes on where it stopped, also after
 * a restart: what has arrived stays beside the target under a name that carries the file's version.
 */
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { downloadFile, type FileDownloadInfoOutput, fileDownloadInfo, HubApiError } from '@huggingface/hub';
import { sha256 } from '../common/digest.js';
import { placeDraft } from '../common/whole-files.js';
import { type FetchOptions, type FetchProgress, FinalError, retry } from './fetching.js';

export interface HubFile {
  /** `owner/repo`. */
  repository: string;
  /** Path inside the repository. */
  path: string;
}

const SETTING = /^hf:([\w.-]+\/[\w.-]+)\/([\w.-]+(?:\/[\w.-]+)*)$/;

/** @throws Error when the setting does not have the form `hf:owner/repo/file` */
export function parseHubSetting(setting: string): HubFile {
  const match = SETTING.exec(setting);
  if (!match || setting.split('/').some((part) => /^\.+$/.test(part))) {
    throw new Error(`${setting} does not name a file on the hub; write hf:owner/repo/file.gguf.`);
  }
  return { repository: match[1], path: match[2] };
}

/** Where the file is kept once it has been fetched. */
export function hubTarget({ repository, path }: HubFile, folder: string): string {
  return join(folder, 'hf', repository, path);
}

/**
 * The file's path in `<folder>/hf/owner/repo`, fetched and checked if it is not there yet.
 * @throws Error that says why, after the last try
 */
export async function fetchFromHub(
  file: HubFile,
  folder: string,
  progress: (progress: FetchProgress) => void,
  options: FetchOptions,
): Promise<string> {
  const target = hubTarget(file, folder);
  if (await stat(target).catch(() => undefined)) return target;
  await mkdir(dirname(target), { recursive: true });
  return retry(options, async () => {
    const info = await describe(file, options.signal);
    const version = info.etag.replace(/^W\//, '').replaceAll('"', '');
    const partial = `${target}.${version.replace(/\W/g, '').slice(0, 16)}.part`;
    await download(file, info, partial, progress, options.signal);
    await check(file, info, version, partial);
    await placeDraft(partial, target);
    return target;
  });
}

async function describe({ repository, path }: HubFile, signal?: AbortSignal): Promise<FileDownloadInfoOutput> {
  try {
    const info = await fileDownloadInfo({ repo: repository, path, ...connection(signal) });
    if (info) return info;
  } catch (error) {
    const status = error instanceof HubApiError ? error.statusCode : 0;
    if (status === 401 || status === 403) {
      const todo = 'If it is gated, accept its terms there and set HF_TOKEN.';
      throw new FinalError(`The hub does not let you read ${repository} (status ${status}). ${todo}`);
    }
    if (status !== 404) throw error;
  }
  throw new FinalError(`The hub has no file ${path} in ${repository}.`);
}

/** Appends to the partial file what it still lacks. */
async function download(
  { repository, path }: HubFile,
  info: FileDownloadInfoOutput,
  partial: string,
  progress: (progress: FetchProgress) => void,
  signal?: AbortSignal,
): Promise<void> {
  const blob = await downloadFile({ repo: repository, path, downloadInfo: info, ...connection(signal) });
  if (!blob) throw new FinalError(`The hub has no file ${path} in ${repository}.`);
  const source = `Hugging Face hub, ${repository}/${path}`;
  const output = await open(partial, 'a');
  try {
    let received = (await output.stat()).size;
    progress({ received, total: info.size, source });
    if (received >= info.size) return;
    const rest = received > 0 ? blob.slice(received) : blob;
    for await (const chunk of rest.stream()) {
      await output.write(chunk);
      received += chunk.length;
      progress({ received, total: info.size, source });
    }
  } finally {
    await output.close();
  }
}

/** The hub's version of a large file is its SHA-256; of a small one it is not, and only the size can be compared. */
async function check(file: HubFile, info: FileDownloadInfoOutput, version: string, partial: string): Promise<void> {
  const { size } = await stat(partial);
  if (size < info.size) throw new Error(`The connection ended after ${size} of ${info.size} bytes of ${file.path}.`);
  const damaged = size > info.size || (/^[0-9a-f]{64}$/.test(version) && (await sha256(partial)) !== version);
  if (!damaged) return;
  await rm(partial, { force: true });
  throw new Error(`${file.path} arrived damaged: its SHA-256 is not the one that the hub states.`);
}

function connection(signal?: AbortSignal) {
  const fetchWithSignal: typeof fetch = (input, init) => fetch(input, { ...init, signal });
  const accessToken = process.env.HF_TOKEN;
  const endpoint = process.env.HF_ENDPOINT?.replace(/\/+$/, '');
  return { fetch: fetchWithSignal, ...(accessToken && { accessToken }), ...(endpoint && { hubUrl: endpoint }) };
}
