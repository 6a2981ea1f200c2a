/** The client room's doors: everything a bot, the web page or a third party needs. */
export type { CallOptions, PageInput } from '../contract/generated/methods.js';
export type * from '../contract/generated/operations.js';
export { OPERATIONS } from '../contract/generated/operations.js';
export { createPalateClient, type PalateClient } from './client.js';
export { CLIENT_ERROR_CODES, type ClientErrorCode, PalateClientError, type ResponseError } from './errors.js';
export type { Executor, ExecutorRequest, ExecutorResponse, SubscribeOptions } from './executor.js';
export { endpointOf, type NetworkOptions, networkExecutor } from './network.js';
