/** Documents that were found valid, so that a client that sends the same one again and again has it read once. */
import type { DocumentNode } from 'graphql';

/** Documents kept, and the longest text of one: together a few megabytes. */
const DOCUMENTS = 500;
const CHARACTERS = 4_000;

export class DocumentCache {
  private readonly documents = new Map<string, DocumentNode>();

  /** The one used longest ago goes first. */
  get(text: string): DocumentNode | undefined {
    const document = this.documents.get(text);
    if (document === undefined) return undefined;
    this.documents.delete(text);
    this.documents.set(text, document);
    return document;
  }

  /** Keeps a valid document; long ones are not worth it. */
  set(text: string, document: DocumentNode): void {
    if (text.length > CHARACTERS) return;
    if (this.documents.size >= DOCUMENTS) this.documents.delete(this.documents.keys().next().value as string);
    this.documents.set(text, document);
  }

  get size(): number {
    return this.documents.size;
  }
}
