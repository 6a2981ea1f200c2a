/** The model as it is: its replies of the bank, where there are some. */
import type { BankReply } from '../bank.js';
import { type Method, type Policy, type PolicyReply, writeBehind } from './method.js';

export const UNTOUCHED: Policy = {
  fingerprint: 'untouched',
  likes: null,
  write: async (task) => {
    if (task.unsteered.length === 0) return writeBehind(task);
    return task.seeds.map((_, i) => ofBank(task.unsteered[i], [task.unsteered[i]]));
  },
};

export const untouched: Method = { name: 'untouched', fit: () => UNTOUCHED };

/** A reply of the bank that was chosen among some of it. */
export function ofBank(reply: BankReply, among: readonly BankReply[]): PolicyReply {
  const decoded = among.reduce((sum, { tokens }) => sum + tokens.length, 0);
  return { text: reply.text, ended: reply.ended, tokens: [], decoded, bank: { reply, among } };
}
