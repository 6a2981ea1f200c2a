export const CODES: readonly string[];
export const CALLS: number;
export const FROM: number;
export const COUNT: number;
export const CODE: number;
export const FAILED: number;
export const OPENS: number;
