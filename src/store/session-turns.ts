/** One database session that many connections use in turn: whoever has begun a transaction keeps it until the transaction ends. */

export interface ServerSession {
  /** Carries out whole messages of PostgreSQL's protocol and returns the answer. */
  execute(messages: Uint8Array): Promise<Uint8Array>;
}

export interface ClientConnection {
  answer(bytes: Uint8Array): void;
  close(): void;
}

/** Authentication was successful, and: ready, outside of a transaction. */
const WELCOME = Uint8Array.of(0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49);
const TERMINATE = 0x58;
const IDLE = 0x49;
const ROLLBACK = query('ROLLBACK');

interface Guest {
  connection: ClientConnection;
  inbox: Uint8Array[];
  welcome: boolean;
  gone: boolean;
}

export class SessionTurns {
  /** With messages that wait, in the order in which they came. */
  private readonly waiting: Guest[] = [];
  /** Whose transaction is open. */
  private owner: Guest | undefined;
  private working: Promise<void> | undefined;

  /** @param settled called with the sending of an answer that ends a transaction, or that was given outside of one */
  constructor(
    private readonly session: ServerSession,
    private readonly settled: (send: () => void) => void,
  ) {}

  /** Takes a connection in; the returned functions are to be called with what it sends and when it is gone. */
  add(connection: ClientConnection): { receive(messages: Uint8Array): void; leave(): void } {
    const guest: Guest = { connection, inbox: [], welcome: false, gone: false };
    return {
      receive: (messages) => this.receive(guest, messages),
      leave: () => {
        guest.gone = true;
        if (this.owner === guest) this.receive(guest, ROLLBACK);
      },
    };
  }

  /** Resolves when nothing is being carried out. */
  async idle(): Promise<void> {
    await this.working;
  }

  private receive(guest: Guest, messages: Uint8Array): void {
    if (messages[0] === TERMINATE) {
      guest.connection.close();
      return;
    }
    if (!guest.welcome) {
      guest.welcome = true;
      guest.connection.answer(WELCOME.slice());
      return;
    }
    guest.inbox.push(messages);
    if (guest !== this.owner && !this.waiting.includes(guest)) this.waiting.push(guest);
    this.working ??= this.work().finally(() => {
      this.working = undefined;
    });
  }

  private async work(): Promise<void> {
    for (let guest = this.next(); guest; guest = this.next()) {
      const messages = guest.inbox.shift();
      if (!messages) continue;
      const answer = await this.session.execute(messages);
      const ended = answer.at(-1) === IDLE;
      this.owner = ended ? undefined : guest;
      const { connection } = guest;
      const send = () => connection.answer(answer);
      if (ended) this.settled(send);
      else send();
      if (guest.inbox.length > 0 && ended) this.waiting.push(guest);
      else if (guest.gone && !ended) guest.inbox.push(ROLLBACK);
    }
  }

  private next(): Guest | undefined {
    if (this.owner) return this.owner.inbox.length > 0 ? this.owner : undefined;
    return this.waiting.shift();
  }
}

/** A simple query in PostgreSQL's protocol. */
function query(sql: string): Uint8Array {
  const text = new TextEncoder().encode(`${sql}\0`);
  const message = new Uint8Array(5 + text.length);
  message[0] = 0x51;
  new DataView(message.buffer).setInt32(1, 4 + text.length);
  message.set(text, 5);
  return message;
}
