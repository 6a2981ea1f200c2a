/** One person's visit: who they are, the client that speaks for them, and what is watched all the time. */
import {
  createPalateClient,
  type DeletionReceipt,
  type Member,
  type MemberRef,
  type PalateClient,
  PalateClientError,
  type PoolStatus,
  type TrainingJob,
  type TrainingStatus,
  type Viewer,
} from '../../client/index.js';
import { Observable } from '../observable.js';
import { type ConnectionState, observedWebSocket } from './connection.js';
import type { Credential } from './credential.js';
import { isUnauthenticated, problemOf } from './problem.js';

/** An admin key belongs to no member: its holder chats as this one. */
export const ADMIN_MEMBER: MemberRef = { platform: 'web', externalId: 'admin' };

const RETRY_MS = 1_000;
const ENDED: ReadonlySet<TrainingStatus> = new Set(['SUCCEEDED', 'REJECTED', 'FAILED', 'CANCELLED']);

/** Jobs that are remembered for the lines under replies. */
const REMEMBERED_JOBS = 200;

export class Session {
  readonly pool = new Observable<PoolStatus | null>(null);
  readonly member = new Observable<Member | null>(null);
  readonly jobs = new Observable<ReadonlyMap<string, TrainingJob>>(new Map());
  /** How often a lost connection has come back: what is shown is then asked for anew. */
  readonly comebacks = new Observable(0);
  /** What was removed, once the member has been forgotten. */
  readonly receipt = new Observable<DeletionReceipt | null>(null);
  /** Why this visit cannot go on: the key or token is no longer good. */
  readonly ended = new Observable<string | null>(null);
  private readonly closed = new AbortController();
  private watched: string | null = null;
  private forgetting = false;

  private constructor(
    readonly client: PalateClient,
    readonly connection: Observable<ConnectionState>,
    /** Who the key or token belongs to, and what may be asked with it. */
    readonly viewer: Viewer,
    readonly ref: MemberRef,
  ) {}

  /** @throws PalateClientError UNAUTHENTICATED, FORBIDDEN (a bot's key), UNREACHABLE */
  static async open({ secret }: Credential, url: string): Promise<Session> {
    const connection = new Observable<ConnectionState>('CONNECTING');
    const client = createPalateClient({ url, key: secret, webSocket: observedWebSocket(connection) });
    try {
      const viewer = await client.viewer();
      if (viewer.scope === 'BOT') {
        throw new PalateClientError(
          'FORBIDDEN',
          'This is the key of a bot. The console is for admins and for members.',
        );
      }
      const member = viewer.member ? await client.memberById(viewer.member.id) : await client.member(ADMIN_MEMBER);
      const { platform, externalId, scope } = member ?? { ...ADMIN_MEMBER, scope: '' };
      const session = new Session(client, connection, viewer, { platform, externalId, scope });
      session.start(member);
      return session;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  get isAdmin(): boolean {
    return this.viewer.scope === 'ADMIN';
  }

  async close(): Promise<void> {
    this.closed.abort();
    await this.client.close();
  }

  /** Reads the member again: a version has landed, or the connection is back. */
  async refresh(): Promise<void> {
    try {
      this.remember(await this.client.member(this.ref));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Takes what an operation said about the member. */
  remember(member: Member | null): void {
    this.member.set(member);
    if (member) this.watchTraining(member.id);
  }

  /** The member is known from the first generation on. */
  memberIs(id: string): void {
    if (this.member.get()?.id === id) return;
    this.watchTraining(id);
    void this.refresh();
  }

  /** Forgets the member. A member's token ends with it, and the receipt is all that is left to show. */
  async forget(memberId: string): Promise<void> {
    this.forgetting = true;
    try {
      const receipt = await this.client.forgetMember(memberId);
      this.watched = null;
      this.member.set(null);
      this.jobs.set(new Map());
      this.receipt.set(receipt);
    } finally {
      this.forgetting = false;
    }
  }

  /** Asks for a training that the subscription has not told of: it ended before this visit. */
  async askJob(id: string): Promise<void> {
    try {
      const job = await this.client.trainingJob(id);
      if (job) this.heard(job);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Told of everything that goes wrong: what ends the visit ends it here. */
  fail(error: unknown): void {
    if (isUnauthenticated(error) && !this.forgetting && !this.receipt.get()) this.ended.set(problemOf(error));
  }

  private start(member: Member | null): void {
    this.remember(member);
    void this.keepWatching(
      () => this.client.poolStatus({ signal: this.closed.signal }),
      (status) => this.pool.set(status),
    );
    this.connection.subscribe(() => {
      if (this.connection.get() !== 'BACK') return;
      this.comebacks.set(this.comebacks.get() + 1);
      void this.refresh();
      // Its end may have been told while nobody listened.
      for (const job of this.jobs.get().values()) if (!ENDED.has(job.status)) void this.askJob(job.id);
    });
  }

  private watchTraining(memberId: string): void {
    if (this.watched === memberId) return;
    this.watched = memberId;
    const source = () => this.client.trainingStatus(memberId, { signal: this.closed.signal });
    void this.keepWatching(
      source,
      (job) => this.heard(job),
      () => this.watched === memberId,
    );
  }

  private heard(job: TrainingJob): void {
    const before = this.jobs.get().get(job.id);
    const jobs = [...this.jobs.get()].filter(([id]) => id !== job.id).slice(-REMEMBERED_JOBS);
    this.jobs.set(new Map([...jobs, [job.id, job]]));
    const landed = job.status === 'SUCCEEDED' || job.status === 'REJECTED';
    if (landed && before?.status !== job.status) void this.refresh();
  }

  /** Reconnecting is the client's business; what it cannot mend (too slow a reader) begins anew here. */
  private async keepWatching<T>(
    source: () => AsyncIterable<T>,
    take: (value: T) => void,
    wanted: () => boolean = () => true,
  ): Promise<void> {
    while (!this.closed.signal.aborted && wanted()) {
      try {
        for await (const value of source()) {
          if (!wanted()) return;
          take(value);
        }
      } catch (error) {
        this.fail(error);
      }
      if (this.ended.get() !== null) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
