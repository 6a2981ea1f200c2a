/** A conversation as plain data: what was asked, the replies as they grow, the choice and what became of it. */
import type {
  Candidate,
  CandidateRole,
  ChatTurn,
  FeedbackResult,
  Generation,
  GenerationQueued,
  Verdict,
} from '../../client/index.js';

export interface Reply {
  /** The candidate that a vote names. */
  id: string;
  text: string;
  /** It ends where it may be no longer. */
  cut: boolean;
  /** The candidate that the text ends with: what is gone on with next. */
  tail: string;
  /** While it is gone on with. */
  going: Going | null;
}

/** A continuation that is being written. */
export interface Going {
  /** Its idempotency key. */
  key: string;
  /** Characters of the text before it. */
  from: number;
  maxTokens: number;
}

/** What keeps replies from being written at this moment. */
export type Waiting = Pick<GenerationQueued, 'ahead' | 'estimatedWaitMs'> | 'AWAY';

export interface Turn {
  /** Of this page, and the idempotency key under which the replies are asked for. */
  key: string;
  /** Empty while the service chooses it. */
  prompt: string;
  /** What was said before, as it was sent along; null where that is no longer known. */
  history: ChatTurn[] | null;
  /** The longest a reply might become. */
  maxTokens: number;
  /** WRITING from the question until the replies are stored. */
  status: 'WRITING' | 'COMPLETE' | 'FAILED';
  waiting: Waiting | null;
  generationId: string | null;
  replies: Reply[];
  /** The version that wrote the personal replies; 0 when none is personal, null while they are being written. */
  encoderVersion: number | null;
  stopped: boolean;
  /** A verdict is shown at once, and is on disk when `feedbackId` is there. */
  verdict: Verdict | null;
  chosenId: string | null;
  feedbackId: string | null;
  held: boolean;
  roles: Record<string, CandidateRole>;
  jobId: string | null;
  /** What went wrong with the replies, with going on, or with the vote. */
  problem: string | null;
}

export type Conversation = readonly Turn[];

/** Whether there is something in it that the page was closed over, and that is written to its end. */
export function isBeingWritten(conversation: Conversation): boolean {
  return conversation.some(({ status, replies }) => status === 'WRITING' || replies.some(({ going }) => going));
}

/** What a question is asked with. */
export type Question = Pick<Turn, 'key' | 'prompt' | 'history' | 'maxTokens'>;

export type Change =
  | ({ type: 'ASKED'; replacing?: string } & Question)
  | { type: 'WAITS'; key: string; waiting: Waiting }
  | { type: 'STARTED'; key: string; generationId: string; candidateIds: readonly string[] }
  | { type: 'GREW'; key: string; texts: ReadonlyMap<string, string> }
  | { type: 'FINISHED'; key: string; generation: Generation }
  | { type: 'FAILED'; key: string; problem: string }
  | { type: 'GOES_ON'; key: string; replyId: string; going: Going }
  | { type: 'WENT_ON'; key: string; replyId: string; candidate: Candidate | null; problem?: string }
  | { type: 'VOTING'; key: string; verdict: Verdict; chosenId: string | null }
  | { type: 'VOTED'; key: string; result: FeedbackResult }
  | { type: 'VOTE_FAILED'; key: string; problem: string; before: Pick<Turn, 'verdict' | 'chosenId' | 'feedbackId'> }
  | { type: 'CLEARED' };

export function changed(conversation: Conversation, change: Change): Conversation {
  if (change.type === 'CLEARED') return [];
  if (change.type === 'ASKED') {
    const kept = conversation.filter(({ key }) => key !== change.replacing);
    return [...kept, newTurn(change)];
  }
  return conversation.map((turn) => (turn.key === change.key ? { ...turn, ...changeOf(turn, change) } : turn));
}

function changeOf(turn: Turn, change: Exclude<Change, { type: 'ASKED' | 'CLEARED' }>): Partial<Turn> {
  switch (change.type) {
    case 'WAITS':
      return { waiting: change.waiting };
    case 'STARTED':
      return {
        generationId: change.generationId,
        replies: change.candidateIds.map((id) => newReply(id)),
        waiting: null,
      };
    case 'GREW': {
      const grown = (reply: Reply) => ({ ...reply, text: reply.text + (change.texts.get(reply.id) ?? '') });
      return { replies: turn.replies.map(grown), waiting: null };
    }
    case 'FINISHED': {
      const { id, candidates, encoderVersion } = change.generation;
      const prompt = turn.prompt || change.generation.prompt;
      const stopped = candidates.some(({ finishReason }) => finishReason === 'CANCELLED');
      const replies = candidates.map((candidate) => ({
        ...newReply(candidate.id, candidate.text),
        cut: candidate.finishReason === 'LENGTH',
      }));
      const written = { generationId: id, prompt, replies, encoderVersion, stopped };
      return { ...written, status: 'COMPLETE', waiting: null, problem: null };
    }
    case 'FAILED':
      return { status: 'FAILED', problem: change.problem, waiting: null };
    case 'GOES_ON':
      return { replies: withReply(turn, change.replyId, goesOn(change.going)), problem: null, waiting: null };
    case 'WENT_ON':
      return {
        replies: withReply(turn, change.replyId, wentOn(change.candidate)),
        problem: change.problem ?? null,
        waiting: null,
      };
    case 'VOTING':
      return { verdict: change.verdict, chosenId: change.chosenId, feedbackId: null, problem: null };
    case 'VOTED': {
      const { feedback, reveal, trainingJob } = change.result;
      return {
        verdict: feedback.verdict,
        chosenId: feedback.chosen?.id ?? null,
        feedbackId: feedback.id,
        held: feedback.state === 'HELD',
        roles: Object.fromEntries(reveal.map(({ candidateId, role }) => [candidateId, role])),
        jobId: trainingJob?.id ?? null,
      };
    }
    case 'VOTE_FAILED':
      return { ...change.before, problem: change.problem };
  }
}

function withReply(turn: Turn, id: string, change: (reply: Reply) => Reply): Reply[] {
  return turn.replies.map((reply) => (reply.id === id ? change(reply) : reply));
}

/** What an earlier try has written of it comes again. */
const goesOn = (going: Going) => (reply: Reply) => ({ ...reply, going, text: reply.text.slice(0, going.from) });

/** Null: nothing came of it, and the text is what it was. */
const wentOn =
  (candidate: Candidate | null) =>
  (reply: Reply): Reply => {
    const before = reply.text.slice(0, reply.going?.from);
    if (!candidate) return { ...reply, text: before, going: null };
    const cut = candidate.finishReason === 'LENGTH';
    return { ...reply, text: before + candidate.text, cut, tail: candidate.id, going: null };
  };

function newReply(id: string, text = ''): Reply {
  return { id, text, cut: false, tail: id, going: null };
}

export function newTurn({ key, prompt, history, maxTokens }: Question): Turn {
  return {
    key,
    prompt,
    history,
    maxTokens,
    status: 'WRITING',
    waiting: null,
    generationId: null,
    replies: [],
    encoderVersion: null,
    stopped: false,
    verdict: null,
    chosenId: null,
    feedbackId: null,
    held: false,
    roles: {},
    jobId: null,
    problem: null,
  };
}

/** What a key on the keyboard says about replies 1 to `count`: the reply's place, a verdict without one, or nothing. */
export function choiceOf(key: string, count: number): number | 'TIE' | 'ALL_BAD' | null {
  if (key === '=') return 'TIE';
  if (key === 'x' || key === 'X') return 'ALL_BAD';
  const place = /^[1-9]$/.test(key) ? Number(key) - 1 : -1;
  return place >= 0 && place < count ? place : null;
}
