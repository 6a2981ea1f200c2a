import type { DocumentNode } from 'graphql';

/** The contract as clients see it: without what is said to the service alone. */
export function publicDocument(sdl: string): DocumentNode;
export function publicSdl(sdl: string): string;
/** By `Type.field`. Throws an Error that names every field whose @access is missing or names what is not there. */
export function accessOf(sdl: string): Record<string, object[]>;
/** By `Type.field`. Throws an Error that names a field which writes tokens and does not say so. */
export function costsOf(sdl: string): Record<string, { length?: number; tokens?: string }>;
/** The types of what services supply. */
export function suppliedDocument(sdl: string): DocumentNode;
