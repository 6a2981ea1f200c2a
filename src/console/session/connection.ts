/** Whether the gateway is heard at this moment. */
import type { Observable } from '../observable.js';

/** CONNECTING before the first time, LOST while it is tried again, BACK after that. */
export type ConnectionState = 'CONNECTING' | 'CONNECTED' | 'LOST' | 'BACK';

/** A connection that was closed on purpose, or that the gateway refuses, is not a lost one. */
const ON_PURPOSE = new Set([1000, 4401, 4403, 4499]);

/** The browser's WebSocket, which also tells of its state. */
export function observedWebSocket(state: Observable<ConnectionState>): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener('open', () => state.set(next(state.get(), true)));
      this.addEventListener('close', ({ code }) => {
        if (!ON_PURPOSE.has(code)) state.set(next(state.get(), false));
      });
    }
  };
}

export function next(state: ConnectionState, open: boolean): ConnectionState {
  if (!open) return 'LOST';
  return state === 'LOST' || state === 'BACK' ? 'BACK' : 'CONNECTED';
}
