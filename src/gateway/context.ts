/** What every resolver gets: who asks, the services, and when to stop working for them. */
import { setMaxListeners } from 'node:events';
import type { GraphQLResolveInfo } from 'graphql';
import type { Limits } from '../common/config.js';
import type { Resolvers as ContractResolvers } from '../contract/generated/resolvers.js';
import type { Generation, Member } from '../contract/generated/types.js';
import type { Services } from '../services/services.js';
import type { Viewer } from './auth.js';
import type { ErrorTally } from './error-tally.js';
import { selectsOnlyId } from './selection.js';
import type { Quotas } from './steps/quotas.js';

/** Signatures of the resolvers, which follow from the contract. */
export type Resolvers = ContractResolvers<Context>;

export interface Context {
  readonly viewer: Viewer;
  readonly services: Services;
  readonly limits: Limits;
  readonly quotas: Quotas;
  readonly errors: ErrorTally;
  /** Where people reach this gateway, for links. */
  readonly publicUrl: () => string;
  /** Aborts when whoever asked has gone away. */
  readonly signal: AbortSignal;
  readonly loaders: Loaders;
}

/**
 * Loads linked entities, each once for a root field: a page of a hundred verdicts asks for their member once. A mutation's
 * second field and a subscription's next event see the entity anew. A link of which only the id is asked is not loaded at all.
 */
export class Loaders {
  private readonly services: Services;
  private readonly perExecution = new WeakMap<object, Map<string, Promise<unknown>>>();

  constructor(services: Services) {
    this.services = services;
  }

  member(id: string, info: GraphQLResolveInfo): Promise<Member | null> {
    if (selectsOnlyId(info)) return Promise.resolve({ id } as Member);
    return this.once(`member/${id}`, info, () => this.services.members.byId(id));
  }

  generation(id: string, info: GraphQLResolveInfo): Promise<Generation | null> {
    if (selectsOnlyId(info)) return Promise.resolve({ id } as Generation);
    return this.once(`generation/${id}`, info, () => this.services.generations.byId(id));
  }

  private once<T>(key: string, info: GraphQLResolveInfo, load: () => Promise<T>): Promise<T> {
    // Each event of a subscription is executed with the event as its root value.
    const execution = typeof info.rootValue === 'object' && info.rootValue !== null ? info.rootValue : this;
    const loaded = this.perExecution.get(execution) ?? new Map<string, Promise<unknown>>();
    this.perExecution.set(execution, loaded);
    let root = info.path;
    while (root.prev) root = root.prev;
    const fullKey = `${root.key}/${key}`;
    const found = loaded.get(fullKey) ?? load();
    loaded.set(fullKey, found);
    return found as Promise<T>;
  }
}

/** Makes the context of one request from what all requests share. */
export type ContextFor = (viewer: Viewer, signal: AbortSignal) => Context;

export function contextMaker(
  parts: Pick<Context, 'services' | 'limits' | 'quotas' | 'errors' | 'publicUrl'>,
): ContextFor {
  return (viewer, signal) => {
    // All operations of one connection listen for its end, and how many those are is limited elsewhere.
    setMaxListeners(0, signal);
    return { ...parts, viewer, signal, loaders: new Loaders(parts.services) };
  };
}
