/** What every chat bot shares. Nothing here knows a platform, a clock or a network. */
export * from './ballot.js';
export * from './book.js';
export * from './consent.js';
export * from './layout.js';
export * from './map-picture.js';
export * from './offer.js';
export * from './order.js';
export * from './problem.js';
export * from './reactions.js';
export * from './session.js';
export * from './taste.js';
export * from './tune.js';
export * from './view.js';
export * from './words/index.js';
