/** The contract's own scalars in TypeScript. Those of GraphQL are what they are called: ID a string, Int and Float numbers. */

/** As the service has it. */
export type DateTime = Date;
/** As JSON carries it: ISO 8601 in UTC, with milliseconds. */
export type DateTimeText = string;
