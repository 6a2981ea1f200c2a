/**
 * Stands between Slack and Bolt: an event is acknowledged when what must not be lost of it is kept, and once however
 * often it is delivered. What could not be kept is not acknowledged, and so comes again.
 */
import type { App, Receiver, ReceiverEvent } from '@slack/bolt';
import { LRUCache } from 'lru-cache';
import type { Questions } from '../kit/index.js';
import type { SlackQuestion } from './bot.js';
import { questionIn, type SlackEvent } from './incoming.js';
import { isReadable } from './payloads.js';

const REMEMBERED = 10_000;

export class EventDedup implements Receiver {
  /** Events that were let through, by id; resolves with whether that went well. */
  private readonly passed = new LRUCache<string, Promise<boolean>>({ max: REMEMBERED });

  constructor(
    private readonly link: Receiver,
    private readonly questions: Questions<SlackQuestion>,
  ) {}

  init(app: App): void {
    const processEvent = (event: ReceiverEvent) => this.take(app, event);
    this.link.init({ processEvent } as App);
  }

  start(...args: unknown[]): Promise<unknown> {
    return this.link.start(...args);
  }

  stop(...args: unknown[]): Promise<unknown> {
    return this.link.stop(...args);
  }

  private async take(app: App, event: ReceiverEvent): Promise<void> {
    if (!isReadable(event.body)) return event.ack();
    const id = event.body.type === 'event_callback' ? String(event.body.event_id) : null;
    if (id === null) return app.processEvent(event);
    for (let before = this.passed.get(id); before; before = this.passed.get(id)) {
      if (await before) return event.ack();
      if (this.passed.get(id) === before) this.passed.delete(id);
    }
    let settle: (passed: boolean) => void = () => {};
    this.passed.set(id, new Promise((resolve) => (settle = resolve)));
    try {
      const asked = questionIn(event.body as SlackEvent);
      const isNew = asked === null || (await this.questions.take(asked, (event.retryNum ?? 0) > 0));
      settle(true);
      return isNew ? app.processEvent({ ...event, ack: kept(event) }) : event.ack();
    } catch (error) {
      settle(false);
      throw error;
    }
  }
}

/** An acknowledgement that gets lost, with its socket for example, keeps nobody from dealing with what is kept here. */
function kept({ ack }: ReceiverEvent): ReceiverEvent['ack'] {
  return async (response) => {
    try {
      await ack(response);
    } catch {
      // Slack sends it again, and is told then.
    }
  };
}
