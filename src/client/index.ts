/** The client room's doors: everything a bot, the web page or a third party needs. */
export { type CallOptions, createPalateClient, type PalateClient } from './client.js';
export { CLIENT_ERROR_CODES, type ClientErrorCode, PalateClientError, type ResponseError } from './errors.js';
export type { Executor, ExecutorRequest, ExecutorResponse, SubscribeOptions } from './executor.js';
export { OPERATIONS, type Operation } from './generated/operations.js';
export { endpointOf, type NetworkOptions, networkExecutor } from './network.js';
export * from './types.js';
