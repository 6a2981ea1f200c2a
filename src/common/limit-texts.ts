/** What each limit is about, for people who look at them: in groups, and in both what matters first comes first. */
import type { Limits } from './config.js';

export type LimitName = keyof Limits;

export type LimitGroup = 'REPLIES' | 'FAIRNESS' | 'TEXTS' | 'KEYS' | 'REQUESTS' | 'STORAGE';

export interface LimitText {
  group: LimitGroup;
  /** A few words, with the unit. */
  description: string;
}

const inGroup = <Name extends LimitName>(group: LimitGroup, texts: Record<Name, string>) =>
  Object.fromEntries(
    Object.entries<string>(texts).map(([name, description]) => [name, { group, description }]),
  ) as Record<Name, LimitText>;

export const LIMIT_TEXTS: Readonly<Record<LimitName, LimitText>> = {
  ...inGroup('REPLIES', {
    maxTokensDefault: 'Tokens a reply may have, where a question says nothing',
    maxTokensMaximum: 'Tokens a reply may have at most',
    maxTokensMinimum: 'Tokens a reply may be limited to at least',
    candidateCountDefault: 'Replies to a question, where it says nothing',
    candidateCountMaximum: 'Replies to a question, at most',
    candidateCountMinimum: 'Replies to a question, at least',
    strengthDefault: 'How strongly a taste is applied, where nothing is said (1: as it was learned)',
    strengthMaximum: 'How strongly a taste may be applied',
    tasteOffsetMaximum: 'How far a taste may be moved by hand along a direction',
    tasteOffsets: 'Directions a taste may be moved along by hand',
    temperatureDefault: 'How freely words are drawn, where nothing is said',
    temperatureMaximum: 'How freely words may be drawn',
    topPDefault: 'Share of the likeliest words that are drawn from, where nothing is said',
    minPDefault: 'Words less likely than this share of the likeliest are never drawn, where nothing is said',
    dryMultiplierDefault: 'How strongly a reply is kept from repeating itself, where nothing is said',
    dryMultiplierMaximum: 'How strongly a reply may be kept from repeating itself',
  }),
  ...inGroup('FAIRNESS', {
    generationsPerMinute: 'Questions of one member in a minute',
    generationsAtOnce: 'Questions of one member in one burst',
    runningPerMember: 'Questions of one member that are being answered at the same time',
    runningPerBot: 'Questions through one bot that are being answered or wait for their turn',
    waitingPerMember: 'Questions of one member that may wait for their turn',
    pickUpSeconds: 'Seconds for which a reply is written on when its reader is gone and may come back',
    queuedGenerations: 'Questions that may wait for their turn, of everybody together',
    operationsPerMinuteOfMember: 'Requests of one member in a minute',
    operationsAtOnceOfMember: 'Requests of one member in one burst',
    operationsPerMinuteOfBot: 'Requests of one bot in a minute',
    operationsAtOnceOfBot: 'Requests of one bot in one burst',
  }),
  ...inGroup('TEXTS', {
    promptCharacters: 'Characters of a question',
    turnCharacters: 'Characters of an earlier message that are read',
    historyTurns: 'Earlier messages that are read, the newest',
    systemCharacters: 'Characters of instructions for the model',
    tasteCharacters: 'Characters of a taste that is imported',
    identifierCharacters: 'Characters of an id that a platform gives',
    platformCharacters: "Characters of a platform's name",
    keyCharacters: 'Characters of the key that keeps a request from counting twice',
  }),
  ...inGroup('KEYS', {
    memberTokenSeconds: "Seconds for which a member's link is good",
    keys: 'Keys that may exist',
    keyDays: 'Days for which a key may be good',
    keyOverlapSeconds: 'Seconds for which the secret before a new one may go on working',
    recheckSeconds: 'Seconds between two looks at the keys of open connections',
  }),
  ...inGroup('REQUESTS', {
    connections: 'Open connections of everybody together',
    connectionsPerMember: 'Open connections of one member',
    connectionsPerBot: 'Open connections of one bot',
    subscriptionsPerConnection: 'Requests that are open at once on one connection',
    operationsPerMember: 'Requests of one member that are open at once',
    operationsPerBot: 'Requests of one bot that are open at once',
    pendingEvents: 'Events kept for a reader who is slower than they happen',
    bodyBytes: 'Bytes of one request',
    operationCost: 'Cost of one request: a token asked for costs 1, something read costs 1',
    documentTokens: 'Words and signs of one GraphQL document',
    documentDepth: 'Fields within fields of one GraphQL document',
    documentAliases: 'Aliases of one GraphQL document',
    variableValues: 'Values that come with one GraphQL document',
    pageSizeDefault: 'Entries of a page, where nothing is said',
    pageSizeMaximum: 'Entries of a page, at most',
  }),
  ...inGroup('STORAGE', {
    storageRows: 'Rows that one bot may keep',
    storageKeyCharacters: "Characters of such a row's key",
    storageValueCharacters: 'Characters of such a row',
  }),
};
