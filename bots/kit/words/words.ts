/** What the bot says by itself, as opposed to what the model writes: one interface, one object a language. */

/** Everything the bot says. Texts are short, plain, and promise nothing that the service does not do. */
export interface Words {
  /** BCP 47 tag, for numbers and dates. */
  tag: string;
  vote: {
    /** Under replies that can be voted on; `marks` are emoji. */
    several(marks: { tie: string; allBad: string }, replies: number): string;
    single: string;
    cancelled: string;
    expired: string;
    counted(what: string): string;
    withdrawn: string;
    learningOff: string;
    notYours: string;
    tie: string;
    allBad: string;
    up: string;
    down: string;
    regenerate: string;
    stop: string;
    /** While a question is in line: how many are before it, and in how many seconds it begins, about. */
    waiting(ahead: number, seconds: number): string;
    /** Before the service has said anything about a question. */
    received: string;
    /** Under replies that reached their longest; `which`: their letters, empty where there is one. */
    cut(which: string): string;
    /** On the button that has a reply gone on with; `letter` as above. */
    goOn(letter: string): string;
    goesOn: string;
    /** Where a reply was that a restart of the bot ended. */
    interrupted: string;
    notWritten: string;
  };
  problem: {
    busy(seconds: number): string;
    noModel(seconds: number): string;
    /** The database is away, or takes nothing. */
    noStore(seconds: number): string;
    /** `characters`: how long it may be; null where that is not counted in characters. */
    tooLong(characters: number | null): string;
    /** `why`: the service's own sentence, in English. */
    refused(why: string | null): string;
    forbidden: string;
    noKey: string;
    notThere: string;
    changed: string;
    stopped: string;
    unreachable: string;
    other: string;
    emptyPrompt: string;
    /** To somebody whose reply the bot was not allowed to read. */
    mentionMe: string;
    missingPermissions(names: readonly string[], channel: string): string;
    channelOff: string;
    adminsOnly: string;
  };
  consent: {
    title: string;
    question: string;
    yes: string;
    no: string;
    granted: string;
    denied: string;
    unasked: string;
    thanks: string;
    /** To somebody who had said no before. */
    thanksAgain: string;
    refused: string;
    communityOn: string;
    communityOff: string;
    shareCommunity: string;
    stopCommunity: string;
  };
  taste: {
    title: string;
    nothing: string;
    version: string;
    versionValue(version: number, verdicts: number): string;
    winRate: string;
    winRateValue(rate: string, low: string, high: string, votes: number): string;
    noWinRate: string;
    history: string;
    historyLine(version: number, verdicts: number, date: string, accepted: boolean): string;
    map: string;
    /** What the marks on the map mean. */
    mapLegend: string;
    /** The map in words, for those who do not see it. */
    mapDescription(chosen: number, rejected: number, others: number): string;
    undoTo(version: number): string;
    undone(version: number): string;
    export: string;
    exported: string;
    tune: string;
    forget: string;
    forgetQuestion: string;
    forgetYes: string;
    keep: string;
    kept: string;
    forgotten(receipt: string): string;
  };
  /** The console in the browser. */
  console: {
    title: string;
    open: string;
    /** `minutes`: how long the link is good. */
    goodFor(minutes: number): string;
    /** Where the operator has set no public address. */
    hereOnly(address: string): string;
  };
  tune: {
    title: string;
    intro(prompts: number): string;
    start: string;
    progress(done: number, total: number): string;
    none: string;
    skip: string;
    stop: string;
    stopped(votes: number): string;
    done(votes: number): string;
    /** At the end, where the taste is what it was. */
    nothingLearned(votes: number): string;
    /** At the end, where the taste changed and the reply below did not. */
    sameReply(votes: number): string;
    /** Above the question of consent, before a round. */
    askFirst: string;
    /** After a no to it. */
    noRound: string;
    before: string;
    after: string;
    running: string;
    /**
     * Everyday messages that can be answered in many ways: what differs between replies is manner, not knowledge. Null: the service's
     * own, which are in English.
     */
    prompts: readonly string[] | null;
    /** Never voted on: shows what the votes on the others changed. */
    heldOut: string;
  };
  admin: {
    title: string;
    channels: string;
    allChannels: string;
    learning: string;
    on: string;
    off: string;
    limits: string;
    limitsValue(candidates: number, tokens: number): string;
    /** The length of replies in one channel. */
    length(tokens: number): string;
    model: string;
    modelValue(name: string, ready: boolean): string;
    saved: string;
  };
  /** Slash commands and their options: what the platform's menu says about them. At most 100 characters each. */
  commands: Record<CommandName, string>;
  options: Record<OptionName, string>;
}

export const COMMAND_NAMES = ['ask', 'taste', 'consent', 'tune', 'palate'] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];
export const OPTION_NAMES = ['prompt', 'channel', 'answer', 'learn', 'candidates', 'tokens'] as const;
export type OptionName = (typeof OPTION_NAMES)[number];
