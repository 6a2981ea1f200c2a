/**
 * What order of turns a chat template accepts, found out by trying, and how a conversation is arranged to keep to it: nothing that
 * was said is left out, and what a template accepts as it is stays as it is.
 */

export type Role = 'system' | 'user' | 'assistant';

export interface TurnRules {
  /** Where system text may stand as a message of its own; elsewhere it is put before the question that follows it. */
  system: 'anywhere' | 'first' | 'nowhere';
  /** Whether questions and answers alternate, beginning with a question. */
  alternating: boolean;
}

/** One message of a template's: the turns whose text it holds, in order. None: an empty question before an answer that comes first. */
export interface Message {
  role: Role;
  turns: number[];
}

/** @param accepts whether the template renders messages of these roles, all of their texts included */
export function findTurnRules(accepts: (roles: readonly Role[]) => boolean): TurnRules {
  const alternating = !(
    accepts(['user', 'user']) &&
    accepts(['user', 'assistant', 'assistant', 'user']) &&
    accepts(['assistant', 'user'])
  );
  if (!accepts(['system', 'user'])) return { system: 'nowhere', alternating };
  const anywhere = accepts(['user', 'assistant', 'system', 'user']) && accepts(['system', 'system', 'user']);
  return { system: anywhere ? 'anywhere' : 'first', alternating };
}

/** Messages that keep to the rules, made of these turns. */
export function arrange(roles: readonly Role[], rules: TurnRules): Message[] {
  const messages = placeSystem(roles, rules);
  return rules.alternating ? alternate(messages) : messages;
}

function placeSystem(roles: readonly Role[], { system }: TurnRules): Message[] {
  const messages: Message[] = [];
  let before: number[] = [];
  for (const [turn, role] of roles.entries()) {
    if (role === 'system' && system !== 'anywhere') {
      const leads = system === 'first' && messages.every((message) => message.role === 'system');
      if (!leads) before.push(turn);
      else if (messages.length > 0) messages[0].turns.push(turn);
      else messages.push({ role, turns: [turn] });
    } else {
      if (before.length > 0 && role === 'assistant') messages.push({ role: 'user', turns: before });
      messages.push({ role, turns: role === 'user' ? [...before, turn] : [turn] });
      before = [];
    }
  }
  if (before.length > 0) messages.push({ role: 'user', turns: before });
  return messages;
}

/** Neighbours of one role become one message. */
function alternate(messages: readonly Message[]): Message[] {
  const joined: Message[] = [];
  for (const { role, turns } of messages) {
    const last = joined.at(-1);
    if (last?.role === role) last.turns.push(...turns);
    else if (role === 'assistant' && last?.role !== 'user') {
      joined.push({ role: 'user', turns: [] }, { role, turns: [...turns] });
    } else joined.push({ role, turns: [...turns] });
  }
  return joined;
}
