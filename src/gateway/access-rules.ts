/** The vocabulary of the access table: what a viewer may ask for, and what becomes of the question where it may not. */
import type { OwnershipService } from '../services/services.js';
import type { MemberRef } from '../services/views.js';
import type { Viewer } from './auth.js';

/**
 * ALLOW answers. ABSENT answers as if there were no such thing: null, or NOT_FOUND where the field cannot be null, so that nobody
 * learns which ids exist. FORBID is an error: for what the viewer named itself, and for what its scope never may.
 */
export type Decision = 'ALLOW' | 'ABSENT' | 'FORBID';

export interface Question {
  viewer: Viewer;
  // biome-ignore lint/suspicious/noExplicitAny: each rule knows the arguments of the fields it is written beside.
  args: any;
  // biome-ignore lint/suspicious/noExplicitAny: the view that the field belongs to, each type its own.
  source: any;
  ownership: OwnershipService;
}

export interface Rule {
  /** Who may, for messages and documents: goes behind "This is for". */
  who: string;
  decide(question: Question): Decision | Promise<Decision>;
}

const ALLOW = 'ALLOW' as const;

/** Everybody with a key. */
export const open: Rule = { who: 'everybody with a key', decide: () => ALLOW };

export const admin: Rule = {
  who: 'admin keys',
  decide: ({ viewer }) => (viewer.scope === 'ADMIN' ? ALLOW : 'FORBID'),
};

/** Null for everybody but an admin. */
export const hiddenFromOthers: Rule = {
  who: 'admin keys',
  decide: ({ viewer }) => (viewer.scope === 'ADMIN' ? ALLOW : 'ABSENT'),
};

export const adminOrBot: Rule = {
  who: 'admin and bot keys',
  decide: ({ viewer }) => (viewer.scope === 'MEMBER' ? 'FORBID' : ALLOW),
};

/** A plugin's own things: they belong to its key. */
export const bot: Rule = {
  who: 'bot keys',
  decide: ({ viewer }) => (viewer.scope === 'BOT' ? ALLOW : 'FORBID'),
};

type Take<T> = (question: Question) => T;

/** Members named by their platform's ids: a bot names those of its platform, a member itself. None named is allowed. */
export function named(take: Take<MemberRef | null | undefined>): Rule {
  return {
    who: 'admin keys, the bot of the named platform, and the named member',
    decide: (question) => {
      const ref = take(question);
      return ref == null || mayName(question.viewer, ref) ? ALLOW : 'FORBID';
    },
  };
}

/** A platform itself: its bot and nobody else's. */
export function platformNamed(take: Take<string>): Rule {
  return {
    who: 'admin keys and the bot of the named platform',
    decide: (question) => {
      const { scope, platform } = question.viewer;
      return scope === 'ADMIN' || (scope === 'BOT' && platform === take(question)) ? ALLOW : 'FORBID';
    },
  };
}

/** Something that belongs to the member of this id; whoever may not have it is told that there is none. */
export function ownedBy(take: Take<string>): Rule {
  return {
    who: 'admin keys, the bot of its platform, and the member it belongs to',
    decide: (question) => (question.viewer.scope === 'ADMIN' ? ALLOW : decideOwner(question, take(question), 'ABSENT')),
  };
}

/** A list of what belongs to the member of this id: whoever may not have it is refused, whether or not there is such a member. */
export function listOf(take: Take<string | null | undefined>): Rule {
  return {
    who: 'admin keys, the bot of the member’s platform, and the member itself',
    decide: (question) => {
      const memberId = take(question);
      // Nobody in particular: the resolver keeps to what the viewer may see.
      if (memberId == null || question.viewer.scope === 'ADMIN') return ALLOW;
      return decideOwner(question, memberId, 'FORBID');
    },
  };
}

/** A generation, candidate, verdict or training job, by its id. None named is allowed. */
export function owned(
  kind: 'generation' | 'candidate' | 'feedback' | 'trainingJob',
  take: Take<string | null | undefined>,
): Rule {
  return {
    who: 'admin keys, the bot of its platform, and the member it belongs to',
    decide: (question) => {
      const id = take(question);
      if (id == null || question.viewer.scope === 'ADMIN') return ALLOW;
      const memberId = question.ownership[kind](id);
      const decide = (owner: string | null) => (owner === null ? 'ABSENT' : decideOwner(question, owner, 'ABSENT'));
      return memberId instanceof Promise ? memberId.then(decide) : decide(memberId);
    },
  };
}

/** All of them: the first that does not allow decides. */
export function every(...rules: readonly [Rule, ...Rule[]]): Rule {
  return {
    who: rules[0].who,
    decide: async (question) => {
      for (const rule of rules) {
        const decision = await rule.decide(question);
        if (decision !== ALLOW) return decision;
      }
      return ALLOW;
    },
  };
}

/** What a list shows that was asked for without a member: a bot's platform, a member's own. */
export function whose(
  viewer: Viewer,
  memberId: string | null | undefined,
): { member: string | null | undefined; platform: string | undefined } {
  if (viewer.scope === 'MEMBER') return { member: memberId ?? viewer.memberId, platform: undefined };
  return { member: memberId, platform: viewer.scope === 'BOT' ? (viewer.platform ?? '') : undefined };
}

/** Whether the viewer may speak of the member of these ids. */
export function mayName(viewer: Viewer, ref: MemberRef): boolean {
  if (viewer.scope === 'ADMIN') return true;
  if (viewer.scope === 'BOT') return viewer.platform === ref.platform;
  const { member } = viewer;
  return (
    member != null &&
    member.platform === ref.platform &&
    member.externalId === ref.externalId &&
    member.scope === (ref.scope ?? '')
  );
}

/** Ids of members are compared, and for bots the members' platforms, which the ownership knows at once for those seen lately. */
function decideOwner(
  { viewer, ownership }: Question,
  memberId: string,
  otherwise: Decision,
): Decision | Promise<Decision> {
  if (viewer.scope === 'MEMBER') return viewer.memberId === memberId ? ALLOW : otherwise;
  const platform = ownership.platform(memberId);
  const decide = (found: string | null) => (found !== null && found === viewer.platform ? ALLOW : otherwise);
  return platform instanceof Promise ? platform.then(decide) : decide(platform);
}
