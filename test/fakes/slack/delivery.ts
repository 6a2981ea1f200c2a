/**
 * How events, commands and button presses reach the app: signed requests to its URL, or envelopes on its sockets. What is
 * not acknowledged in three seconds is sent again, events three times.
 */
import { createHmac } from 'node:crypto';
import { stringify } from 'node:querystring';
import type { SocketMode } from './socket-mode.js';
import type { Install, Interaction, Team, Wire } from './types.js';
import type { World } from './world.js';

export interface DeliveryOptions {
  /** Milliseconds before each retry of an event. Slack: at once, after one minute, after five. */
  retryMs: readonly number[];
  /** Milliseconds in which the app must acknowledge. */
  ackMs: number;
}

export const SLACK_DELIVERY: DeliveryOptions = { retryMs: [0, 60_000, 300_000], ackMs: 3_000 };

/** One attempt at an event. */
export interface Attempt {
  eventId: string;
  type: string;
  retry: number;
  outcome: 'acknowledged' | 'http_timeout' | 'http_error' | 'connection_failed' | 'timeout' | 'no_connection';
  ms: number;
}

export type Interference = 'once' | 'twice' | 'late' | 'never';

export class Delivery {
  /** Where requests go; null while the app uses sockets. */
  requestUrl: string | null = null;
  readonly attempts: Attempt[] = [];
  /** What happens to an event on its way: delivered twice, behind the next one, or never. */
  interfere: (event: Wire) => Interference = () => 'once';
  private readonly timers = new Set<NodeJS.Timeout>();
  private held: (() => void)[] = [];

  constructor(
    private readonly world: World,
    private readonly sockets: SocketMode,
    readonly options: DeliveryOptions,
  ) {
    world.on('event', (team, install, event) => this.send(team, install, event));
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  /** Sends an event; `eventId` lets a test say it again. */
  send(team: Team, install: Install, event: Wire, eventId = this.world.id('Ev')): void {
    const body = {
      token: 'deprecated-verification-token',
      team_id: team.id,
      api_app_id: this.world.secrets.appId,
      event,
      type: 'event_callback',
      event_id: eventId,
      event_time: Math.floor(Date.now() / 1_000),
      ...(team.enterpriseId && { enterprise_id: team.enterpriseId }),
      authorizations: [
        {
          enterprise_id: install.enterpriseId,
          team_id: install.teamId,
          user_id: install.botUserId,
          is_bot: true,
          is_enterprise_install: install.teamId === null,
        },
      ],
      is_ext_shared_channel: false,
    };
    const go = () => this.attempt(body, 0, '');
    switch (this.interfere(event)) {
      case 'never':
        return;
      case 'late':
        this.held.push(go);
        return;
      case 'twice':
        go();
    }
    go();
    for (const late of this.held.splice(0)) late();
  }

  private attempt(body: Wire, retry: number, reason: string): void {
    const began = performance.now();
    const work = this.requestUrl === null ? this.bySocket(body, retry, reason) : this.byHttp(body, retry, reason);
    void work.then(({ outcome, noRetry }) => {
      const ms = performance.now() - began;
      this.attempts.push({ eventId: body.event_id, type: body.event.type, retry, outcome, ms });
      this.world.changed();
      const pause = this.options.retryMs[retry];
      if (outcome === 'acknowledged' || noRetry || pause === undefined) return;
      this.later(pause, () => this.attempt(body, retry + 1, outcome));
    });
  }

  private async bySocket(
    body: Wire,
    retry: number,
    reason: string,
  ): Promise<{ outcome: Attempt['outcome']; noRetry?: boolean }> {
    const envelope = { type: 'events_api', payload: body, accepts_response_payload: false };
    const sent = { ...envelope, retry_attempt: retry, retry_reason: reason };
    const answer = await this.sockets.ask(sent, this.options.ackMs);
    return { outcome: answer === 'no_connection' || answer === 'timeout' ? answer : 'acknowledged' };
  }

  private async byHttp(
    body: Wire,
    retry: number,
    reason: string,
  ): Promise<{ outcome: Attempt['outcome']; noRetry?: boolean }> {
    const more: Record<string, string> =
      retry > 0 ? { 'x-slack-retry-num': String(retry), 'x-slack-retry-reason': reason } : {};
    try {
      const response = await this.post(JSON.stringify(body), 'application/json', more);
      const noRetry = response.headers.get('x-slack-no-retry') === '1';
      return { outcome: response.ok ? 'acknowledged' : 'http_error', noRetry };
    } catch (error) {
      return { outcome: (error as Error).name === 'TimeoutError' ? 'http_timeout' : 'connection_failed' };
    }
  }

  /** Sends a command or a button press, once: the person sees when it fails. */
  async interact(kind: 'interactive' | 'slash_commands', payload: Wire, interaction: Interaction): Promise<void> {
    const began = performance.now();
    const answer =
      this.requestUrl === null
        ? await this.sockets.ask({ type: kind, payload, accepts_response_payload: true }, this.options.ackMs)
        : await this.interactByHttp(kind, payload);
    if (answer === 'timeout' || answer === 'no_connection') interaction.failed = true;
    else {
      interaction.answeredAfter = performance.now() - began;
      interaction.acknowledged = answer;
    }
    this.world.changed();
  }

  private async interactByHttp(kind: string, payload: Wire): Promise<Wire | 'timeout' | 'no_connection'> {
    const form = kind === 'interactive' ? { payload: JSON.stringify(payload) } : payload;
    try {
      const response = await this.post(stringify(form), 'application/x-www-form-urlencoded');
      if (!response.ok) return 'no_connection';
      const text = await response.text();
      return text.startsWith('{') ? (JSON.parse(text) as Wire) : { text };
    } catch {
      return 'timeout';
    }
  }

  /** A signed request to the app; headers given here go over the right ones. */
  async post(text: string, type: string, headers: Record<string, string> = {}): Promise<Response> {
    const at = headers['x-slack-request-timestamp'] ?? String(Math.floor(Date.now() / 1_000));
    const signature = createHmac('sha256', this.world.secrets.signingSecret).update(`v0:${at}:${text}`).digest('hex');
    return fetch(this.requestUrl as string, {
      method: 'POST',
      headers: {
        'content-type': type,
        'x-slack-request-timestamp': at,
        'x-slack-signature': `v0=${signature}`,
        ...headers,
      },
      body: text,
      signal: AbortSignal.timeout(this.options.ackMs),
    });
  }

  private later(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, ms);
    this.timers.add(timer);
  }
}
