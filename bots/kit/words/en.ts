/** The bot's own words in English. */
import type { Words } from './words.js';

const count = (number: number, noun: string, plural = `${noun}s`) => `${number} ${number === 1 ? noun : plural}`;

const votes = (number: number) => (number === 0 ? 'no votes' : count(number, 'vote'));

/** So long as somebody has to wait. */
const span = (seconds: number) => (seconds < 120 ? count(seconds, 'second') : count(Math.ceil(seconds / 60), 'minute'));

export const ENGLISH: Words = {
  tag: 'en',
  vote: {
    several: ({ tie, allBad }, replies) =>
      `Which one is ${replies > 2 ? 'best' : 'better'}? ${tie} equally good, ${allBad} none of them.`,
    single: 'Was this a good reply?',
    cancelled: 'Stopped.',
    expired: 'These replies can no longer be voted on.',
    counted: (what) => `Counted: ${what}. Press again to take it back.`,
    withdrawn: 'Taken back.',
    learningOff: 'Votes are not collected in this channel.',
    notYours: 'Only the person who asked can do this.',
    tie: 'Equally good',
    allBad: 'None of them',
    up: 'Good',
    down: 'Bad',
    regenerate: 'New replies',
    stop: 'Stop',
    waiting: (ahead, seconds) =>
      `${ahead === 0 ? 'Your question is next' : `Your question waits, ${ahead} before it`}: about ${span(seconds)}.`,
    received: 'I have your question. One moment, please.',
    cut: (which) => `Cut off at the longest length${which === '' ? '' : `: ${which}`}.`,
    goOn: (letter) => (letter === '' ? 'Continue' : `Continue ${letter}`),
    goesOn: 'It goes on below.',
    interrupted: 'I was restarted while I wrote this. Please ask again.',
    notWritten: 'This reply is not being written any more.',
  },
  problem: {
    busy: (seconds) => `Too much is going on right now. Please try again in ${span(seconds)}.`,
    noModel: (seconds) => `The language model is not ready yet. Please try again in ${span(seconds)}.`,
    noStore: (seconds) =>
      `The database does not answer right now, so nothing can be kept. Please try again in ${span(seconds)}.`,
    tooLong: (characters) =>
      characters === null
        ? 'That is more than I can read at once. Please make it shorter, or begin a new conversation.'
        : `That is too long. At most ${count(characters, 'character')}, please.`,
    refused: (why) => `The service cannot do anything with this${why === null ? '.' : `: ${why}`}`,
    forbidden: 'The service does not allow me that.',
    noKey: 'The service does not know me at the moment. Please try again in a minute.',
    notThere: 'That is not there any more.',
    changed: 'Something has changed meanwhile, so this does not go any more.',
    stopped: 'Stopped.',
    unreachable: 'The service does not answer right now. Please try again later.',
    other: 'Something went wrong here. It has been written to the log.',
    emptyPrompt: 'What would you like to ask?',
    mentionMe: 'I cannot read this reply. To ask me, mention me, or leave the mention on when you reply.',
    missingPermissions: (names, channel) =>
      `I cannot reply in ${channel}: I lack the ${names.length === 1 ? 'permission' : 'permissions'} ${names.join(', ')}.`,
    channelOff: 'I do not answer in this channel.',
    adminsOnly: 'Only people who may manage this server can do that.',
  },
  consent: {
    title: 'May I learn from your votes?',
    question:
      'When you vote on my replies, I can learn what you like, for you alone. I learn only from my own replies, your question to them and your votes, never from other messages. You can see, undo or delete everything with /taste.',
    yes: 'Yes, learn',
    no: 'No',
    granted: 'I learn from your votes.',
    denied: 'I do not learn from your votes.',
    unasked: 'You have not decided yet. Your votes wait until you do.',
    thanks: 'Thank you. Your votes count from now on, those that were waiting included.',
    thanksAgain:
      'Thank you. Your votes count from now on, and those that had counted before count again. Votes that were waiting when you said no do not.',
    refused:
      'All right. Your votes change nothing. Those that were waiting will not count even if you agree later; those that had counted would then count again.',
    communityOn: 'Others see your taste on their map as a dot without a name. Nobody sees a word that you wrote.',
    communityOff: 'Your taste is shown to nobody but you.',
    shareCommunity: 'Show it to others, without my name',
    stopCommunity: 'Keep it to myself',
  },
  taste: {
    title: 'Your taste',
    nothing: 'I have not learned anything about you yet. Vote on my replies, or start a tuning round with /tune.',
    version: 'Version',
    versionValue: (version, verdicts) => `${version}, from ${votes(verdicts)}`,
    winRate: 'Win rate',
    winRateValue: (rate, low, high, votes) => `${rate} (${low} to ${high}) in ${count(votes, 'blind vote')}`,
    noWinRate: 'No blind votes yet.',
    history: 'History',
    historyLine: (version, verdicts, date, accepted) =>
      `${version}: ${votes(verdicts)}, ${date}${accepted ? '' : ' (not used)'}`,
    map: 'Where your taste lies among all members',
    mapLegend:
      'Diamond: your taste. Green dots: replies you chose. Rings: replies you did not. Small dots: other members.',
    mapDescription: (chosen, rejected, others) =>
      `A map: your taste as a diamond, ${count(chosen, 'chosen reply', 'chosen replies')}, ${count(rejected, 'rejected reply', 'rejected replies')}, ${count(others, 'other member')}.`,
    undoTo: (version) => (version === 0 ? 'Back to the start' : `Back to version ${version}`),
    undone: (version) =>
      `Back at ${version === 0 ? 'the start' : `version ${version}`}. Votes after it no longer count.`,
    export: 'Export',
    exported: 'This file holds your taste. You can import it elsewhere.',
    tune: 'Tune',
    forget: 'Forget me',
    forgetQuestion: 'Delete your questions, my replies to them, your votes and your taste? This cannot be undone.',
    forgetYes: 'Delete everything',
    keep: 'Keep it',
    kept: 'Nothing was deleted.',
    forgotten: (receipt) => `Everything about you is deleted. Receipt: ${receipt}`,
  },
  console: {
    title: 'In the browser',
    open: 'Open my page',
    goodFor: (minutes) =>
      `Chat, see your taste and change it. The link below is good for ${count(minutes, 'minute')} and for you alone: whoever has it acts as you.`,
    hereOnly: (address) =>
      `There is a page for you, but only on the machine that runs me (${address}): its operator has set no public address (PALATE_PUBLIC_URL).`,
  },
  tune: {
    title: 'Tuning round',
    intro: (prompts) =>
      `${count(prompts, 'short message')}, four replies to each: choose the one you like best. It takes about two minutes.`,
    start: 'Start',
    progress: (done, total) => `${done} of ${total}`,
    none: 'None',
    skip: 'Skip',
    stop: 'Stop',
    stopped: (number) =>
      number === 0
        ? 'Stopped before the first vote.'
        : `Stopped after ${votes(number)}. ${number === 1 ? 'It counts' : 'They count'}.`,
    done: (number) => `Done: ${votes(number)}. Here is a message that you did not vote on, before and after:`,
    nothingLearned: (number) =>
      `Done: ${votes(number)}. I have learned nothing from this round so far, so there is nothing to compare.`,
    sameReply: (number) =>
      `Done: ${votes(number)}. I have learned something, but this message, which you did not vote on, is still answered the same:`,
    askFirst: 'A tuning round teaches me your taste. So I ask first:',
    noRound: 'Without learning a tuning round would change nothing, so there is none.',
    before: 'Before',
    after: 'After',
    running: 'You already have a tuning round; here is where you were.',
    prompts: null,
    heldOut: 'How should I spend a free afternoon?',
  },
  admin: {
    title: 'Settings',
    channels: 'Channels',
    allChannels: 'all',
    learning: 'Learning',
    on: 'on',
    off: 'off',
    limits: 'Limits',
    limitsValue: (candidates, tokens) =>
      `${candidates === 1 ? '1 reply' : `${candidates} replies`} of up to ${count(tokens, 'token')}`,
    length: (tokens) => `up to ${count(tokens, 'token')}`,
    model: 'Model',
    modelValue: (name, ready) => `${name} (${ready ? 'ready' : 'not ready'})`,
    saved: 'Saved.',
  },
  commands: {
    ask: 'Ask something and choose the better of two replies',
    taste: 'See what was learned about you; undo, export or delete it',
    consent: 'Say whether your votes may be learned from',
    tune: 'Ten short messages, four replies each: teaches your taste in two minutes',
    palate: 'Settings for this server: channels, learning, limits',
  },
  options: {
    prompt: 'What you want to ask',
    channel: 'The channel',
    answer: 'Whether to answer there',
    learn: 'Whether votes are collected there',
    candidates: 'How many replies to write',
    tokens: 'The longest a reply may become, in tokens (about three quarters of a word each)',
  },
};
