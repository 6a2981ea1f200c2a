export const ROOT: string;
export const COMPILED: string;
export const MAIN: string;
export function compiledOf(path: string): string;
