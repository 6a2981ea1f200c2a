/** A local Python package index with one wheel, which pip downloads as it would from any other. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BlobReader, TextReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js';

export interface PackageIndex {
  url: string;
  /** Downloads to cut short. */
  cuts: number;
  downloads: number;
  close(): Promise<void>;
}

export async function startPackageIndex(name: string, version: string, wheel: Uint8Array): Promise<PackageIndex> {
  const file = `${name.replaceAll('-', '_')}-${version}-py3-none-any.whl`;
  const server = createServer((request, response) => {
    if (request.url === `/simple/${name}/`) {
      return void response
        .setHeader('Content-Type', 'text/html')
        .end(`<!DOCTYPE html><a href="/files/${file}">${file}</a>`);
    }
    if (request.url !== `/files/${file}`) return void response.writeHead(404).end();
    index.downloads++;
    response.writeHead(200, { 'Content-Length': wheel.length, 'Content-Type': 'application/octet-stream' });
    if (index.cuts === 0) return void response.end(wheel);
    index.cuts--;
    response.write(wheel.subarray(0, wheel.length / 2), () => setTimeout(() => response.destroy(), 50));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const index: PackageIndex = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`,
    cuts: 0,
    downloads: 0,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
  return index;
}

/** A wheel with what pip wants to see, and one file. */
export async function makeWheel(name: string, version: string, member: string, content: Blob): Promise<Uint8Array> {
  const module = name.replaceAll('-', '_');
  const info = `${module}-${version}.dist-info`;
  const zip = new ZipWriter(new Uint8ArrayWriter(), { level: 0 });
  await zip.add(member, new BlobReader(content));
  await zip.add(`${info}/METADATA`, new TextReader(`Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`));
  await zip.add(`${info}/WHEEL`, new TextReader('Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'));
  await zip.add(`${info}/RECORD`, new TextReader(''));
  return zip.close();
}
