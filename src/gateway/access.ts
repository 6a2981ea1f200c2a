/**
 * Who may do what, as it stands beside the fields of schema.graphql: what a viewer may ask for, and what becomes of the question where
 * it may not. Checked before a field's resolver runs.
 */
import { ACCESS, type AccessRule } from '../contract/generated/access.js';
import type { MemberRef } from '../contract/generated/types.js';
import type { OwnershipService } from '../services/services.js';
import type { Viewer } from './auth.js';

/**
 * ALLOW answers. ABSENT answers as if there were no such thing: null, or NOT_FOUND where the field cannot be null, so that nobody
 * learns which ids exist. FORBID is an error: for what the viewer named itself, and for what its scope never may.
 */
export type Decision = 'ALLOW' | 'ABSENT' | 'FORBID';

export interface AccessQuestion {
  viewer: Viewer;
  args: unknown;
  /** What the field is read from. */
  source: unknown;
  ownership: OwnershipService;
}

export interface Rule {
  /** Who may, for messages and documents: goes behind "This is for". */
  who: string;
  decide(question: AccessQuestion): Decision | Promise<Decision>;
}

const ALLOW = 'ALLOW' as const;

/** Everybody with a key. */
export const open: Rule = { who: 'everybody with a key', decide: () => ALLOW };

export const admin: Rule = {
  who: 'admin keys',
  decide: ({ viewer }) => (viewer.scope === 'ADMIN' ? ALLOW : 'FORBID'),
};

/** Equal rules are one. */
const known = new Map<string, Rule>();

/** The rule of a field; undefined where the contract has no such field. */
export function ruleOf(type: string, field: string): Rule | undefined {
  const declared = ACCESS[`${type}.${field}`];
  if (!declared) return undefined;
  const name = JSON.stringify(declared);
  const rule = known.get(name) ?? every(declared.map(ruleFor));
  known.set(name, rule);
  return rule;
}

/** All of them: the first that does not allow decides. */
function every(rules: readonly Rule[]): Rule {
  if (rules.length === 1) return rules[0];
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

function ruleFor(declared: AccessRule): Rule {
  switch (declared.to) {
    case 'ANYBODY':
    case 'AS_ABOVE':
      return open;
    case 'ADMIN':
      return admin;
    case 'ADMIN_OR_NULL':
      return { who: admin.who, decide: ({ viewer }) => (viewer.scope === 'ADMIN' ? ALLOW : 'ABSENT') };
    case 'BOT':
      return {
        who: 'admin and bot keys',
        decide: ({ viewer }) => (viewer.scope === 'MEMBER' ? 'FORBID' : ALLOW),
      };
    case 'NAMED_PLATFORM':
      return {
        who: 'admin keys and the bot of the named platform',
        decide: (question) => (mayNamePlatform(question.viewer, nameIn(declared, question)) ? ALLOW : 'FORBID'),
      };
    case 'NAMED_MEMBER':
      return {
        who: 'admin keys, the bot of the named platform, and the named member',
        decide: (question) => {
          const ref = nameIn(declared, question) as MemberRef | null | undefined;
          return ref == null || mayName(question.viewer, ref) ? ALLOW : 'FORBID';
        },
      };
    case 'OWNER':
      return {
        who: 'admin keys, the bot of its platform, and the member it belongs to',
        decide: (question) => decideOwner(declared, question, 'ABSENT'),
      };
    case 'OWNER_OR_REFUSED':
      return {
        who: 'admin keys, the bot of the member’s platform, and the member itself',
        decide: (question) => decideOwner(declared, question, 'FORBID'),
      };
  }
}

/** What a question names: an argument of it, or a property of what it is about. */
function nameIn({ argument, property }: AccessRule, { args, source }: AccessQuestion): unknown {
  const from = argument ? args : source;
  return (argument ?? [property as string]).reduce(
    (value, name) => (value as Record<string, unknown> | null | undefined)?.[name],
    from,
  );
}

/** Who names nothing in particular may ask: the resolver keeps to what the viewer may see. What belongs to nobody is nobody's. */
function decideOwner(rule: AccessRule, question: AccessQuestion, otherwise: Decision): Decision | Promise<Decision> {
  const id = nameIn(rule, question) as string | null | undefined;
  if (question.viewer.scope === 'ADMIN') return ALLOW;
  if (id == null) return rule.argument ? ALLOW : otherwise;
  const decide = (memberId: string | null) =>
    memberId === null ? otherwise : decideMember(question, memberId, otherwise);
  const memberId = ownerOf(rule, id, question.ownership);
  return memberId instanceof Promise ? memberId.then(decide) : decide(memberId);
}

function ownerOf({ of }: AccessRule, id: string, ownership: OwnershipService): string | null | Promise<string | null> {
  switch (of) {
    case 'GENERATION':
      return ownership.generation(id);
    case 'CANDIDATE':
      return ownership.candidate(id);
    case 'FEEDBACK':
      return ownership.feedback(id);
    case 'TRAINING_JOB':
      return ownership.trainingJob(id);
    default:
      return id;
  }
}

/** Ids of members are compared, and for bots the members' platforms, which the ownership knows at once for those seen lately. */
function decideMember(
  { viewer, ownership }: AccessQuestion,
  memberId: string,
  otherwise: Decision,
): Decision | Promise<Decision> {
  if (viewer.scope === 'MEMBER') return viewer.memberId === memberId ? ALLOW : otherwise;
  const platform = ownership.platform(memberId);
  const decide = (found: string | null) => (found !== null && found === viewer.platform ? ALLOW : otherwise);
  return platform instanceof Promise ? platform.then(decide) : decide(platform);
}

function mayNamePlatform({ scope, platform }: Viewer, name: unknown): boolean {
  return scope === 'ADMIN' || (scope === 'BOT' && platform === name);
}

/** Whether the viewer may speak of the member of these ids. */
function mayName(viewer: Viewer, ref: MemberRef): boolean {
  if (viewer.scope !== 'MEMBER') return mayNamePlatform(viewer, ref.platform);
  const { member } = viewer;
  return (
    member != null &&
    member.platform === ref.platform &&
    member.externalId === ref.externalId &&
    member.scope === (ref.scope ?? '')
  );
}

/** What a list shows that was asked for without a member: a bot's platform, a member's own. */
export function whose(
  viewer: Viewer,
  memberId: string | null | undefined,
): { member: string | null | undefined; platform: string | undefined } {
  if (viewer.scope === 'MEMBER') return { member: memberId ?? viewer.memberId, platform: undefined };
  return { member: memberId, platform: viewer.scope === 'BOT' ? (viewer.platform ?? '') : undefined };
}
