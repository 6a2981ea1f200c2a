/** What every long-lived part shares: start and stop, both idempotent, both returning the promise in flight. */
export interface Lifecycle {
  start(): Promise<void>;
  stop(): Promise<void>;
}
