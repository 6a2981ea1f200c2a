/** Requests that go wrong on purpose. */

export interface Fault {
  /** Which requests: the method, and what the path (from /channels, /webhooks and so on) must match. */
  method?: string;
  path: RegExp;
  /** How many of them; then everything is well again. */
  times: number;
  /**
   * `before`: nothing happens, and the answer is an error. `after`: it happens, and the answer is lost or an error.
   * That is how a message comes to be posted twice.
   */
  when: 'before' | 'after';
  /** The answer: a status such as 500, 502 or 429; `cut` ends the connection without one. */
  answer: number | 'cut';
  /** Seconds, for 429. */
  retryAfter?: number;
}

export class Faults {
  private faults: Fault[] = [];
  /** How many requests went wrong. */
  met = 0;

  add(fault: Fault): void {
    this.faults.push({ ...fault });
  }

  clear(): void {
    this.faults = [];
  }

  /** The fault that this request meets, counted. */
  meet(method: string, path: string): Fault | undefined {
    const fault = this.faults.find(
      (known) => known.times > 0 && (known.method ?? method) === method && known.path.test(path),
    );
    if (fault) {
      fault.times--;
      this.met++;
    }
    return fault;
  }
}
