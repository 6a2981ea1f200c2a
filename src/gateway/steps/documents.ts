/** Documents that were found good, so that a client that sends the same one again and again has it read once. */
import { createHash } from 'node:crypto';
import type { ApolloServerOptions, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Documents kept, and characters of all of them: together tens of megabytes once they are parsed. */
const DOCUMENTS = 500;
const CHARACTERS = 2_000_000;

type DocumentStore = NonNullable<ApolloServerOptions<BaseContext>['documentStore']>;

/** Apollo looks here before it parses, so it executes the very document that the steps have seen. */
export class Documents implements DocumentStore {
  private readonly byDigest = new LRUCache<string, DocumentNode>({ max: DOCUMENTS, maxSize: CHARACTERS });

  recall(text: string): DocumentNode | undefined {
    return this.byDigest.get(digest(text));
  }

  remember(text: string, document: DocumentNode): void {
    this.byDigest.set(digest(text), document, { size: Math.max(text.length, 1) });
  }

  /** @param key Apollo's: a prefix, and the digest of the text */
  async get(key: string): Promise<DocumentNode | undefined> {
    return this.byDigest.get(key.slice(key.lastIndexOf(':') + 1));
  }

  /** Only what passed the steps is kept. */
  async set(): Promise<void> {}

  async delete(): Promise<boolean> {
    return false;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
