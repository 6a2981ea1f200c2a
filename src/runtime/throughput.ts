/** Tokens per second over the last second in which any were decoded. */
export class Throughput {
  private windowStart = 0;
  private count = 0;
  private last = 0;

  add(tokens: number): void {
    const now = performance.now();
    if (now - this.windowStart > 1000) {
      this.last = this.windowStart === 0 ? 0 : (this.count * 1000) / (now - this.windowStart);
      this.windowStart = now;
      this.count = 0;
    }
    this.count += tokens;
  }

  perSecond(): number {
    return Math.round(this.last);
  }
}
