/**
 * Who may do what: one line for each field of schema.graphql, checked before the field's resolver runs. `Type.*` stands for the fields
 * of a type that have no line of their own. What has no line is for admin keys only, and a test fails.
 */
import {
  admin,
  adminOrBot,
  every,
  hiddenFromOthers,
  listOf,
  named,
  open,
  owned,
  ownedBy,
  platformNamed,
  type Rule,
} from './access-rules.js';

/** Fields of a view that carries `memberId`. */
const itsMembers = ownedBy(({ source }) => source.memberId);

/** What is written for a member, and what of theirs it goes on with. */
const written = every(
  named(({ args }) => args.input.member),
  owned('candidate', ({ args }) => args.input.continues),
);

export const ACCESS: Readonly<Record<string, Rule>> = {
  'Query.member': named(({ args }) => args.ref),
  'Query.memberById': ownedBy(({ args }) => args.id),
  'Query.generation': owned('generation', ({ args }) => args.id),
  'Query.tasteMap': ownedBy(({ args }) => args.memberId),
  'Query.winRates': listOf(({ args }) => args.memberId),
  'Query.limits': admin,
  'Query.generations': listOf(({ args }) => args.memberId),
  'Query.feedback': listOf(({ args }) => args.memberId),
  'Query.trainingJob': owned('trainingJob', ({ args }) => args.id),
  'Query.trainingJobs': listOf(({ args }) => args.memberId),
  'Query.pool': open,
  'Query.errorCounts': admin,
  'Query.models': open,
  'Query.plugins': admin,
  'Query.diagnosePlugin': admin,
  'Query.keys': admin,
  'Query.storage': adminOrBot,
  'Query.deletionReceipt': adminOrBot,
  'Query.platform': platformNamed(({ args }) => args.name),
  'Query.viewer': open,

  'Mutation.generate': written,
  'Mutation.cancelGeneration': owned('generation', ({ args }) => args.id),
  'Mutation.submitFeedback': every(
    owned('generation', ({ args }) => args.input.generationId),
    named(({ args }) => args.input.member),
  ),
  'Mutation.withdrawFeedback': owned('feedback', ({ args }) => args.id),
  'Mutation.trainMember': ownedBy(({ args }) => args.memberId),
  'Mutation.cancelTraining': owned('trainingJob', ({ args }) => args.id),
  'Mutation.rollbackMember': ownedBy(({ args }) => args.memberId),
  'Mutation.setConsent': ownedBy(({ args }) => args.memberId),
  'Mutation.forgetMember': ownedBy(({ args }) => args.memberId),
  'Mutation.exportTaste': ownedBy(({ args }) => args.memberId),
  'Mutation.importTaste': ownedBy(({ args }) => args.memberId),
  'Mutation.setPlatform': platformNamed(({ args }) => args.name),
  'Mutation.createMemberToken': every(
    adminOrBot,
    named(({ args }) => args.member),
  ),
  'Mutation.createKey': admin,
  'Mutation.rotateKey': admin,
  'Mutation.revokeKey': admin,
  'Mutation.configurePlugin': admin,
  'Mutation.startPlugin': admin,
  'Mutation.stopPlugin': admin,
  'Mutation.setStorage': every(
    adminOrBot,
    listOf(({ args }) => args.memberId),
  ),

  'Subscription.generationStream': written,
  'Subscription.trainingStatus': listOf(({ args }) => args.memberId),
  'Subscription.poolStatus': open,
  'Subscription.pluginStatus': admin,
  'Subscription.errorStatus': admin,

  // Ids say nothing, and a verdict on somebody else's generation shows that much of it.
  'Generation.id': open,
  'Generation.member': open,
  'Generation.feedback': every(
    itsMembers,
    named(({ args }) => args.member),
  ),
  'Generation.*': itsMembers,
  'Candidate.id': open,
  'Candidate.index': open,
  'Candidate.role': hiddenFromOthers,
  'Candidate.*': owned('generation', ({ source }) => source.generationId),
  'Feedback.id': open,
  'Feedback.*': itsMembers,
  'Member.id': open,
  'Member.*': ownedBy(({ source }) => source.id),
  'TrainingJob.id': open,
  'TrainingJob.*': itsMembers,

  // Parts of what was checked above them.
  'GenerationStarted.*': open,
  'GenerationQueued.*': open,
  'CandidateStart.*': open,
  'CandidateDelta.*': open,
  'GenerationFinished.*': open,
  'FeedbackResult.*': open,
  'Pair.*': open,
  'Reveal.*': open,
  'GenerationConnection.*': open,
  'GenerationEdge.*': open,
  'FeedbackConnection.*': open,
  'FeedbackEdge.*': open,
  'TrainingJobConnection.*': open,
  'TrainingJobEdge.*': open,
  'PageInfo.*': open,
  'Consent.*': open,
  'Encoder.*': open,
  'EncoderVersion.*': open,
  'WinRate.*': open,
  'WinRatePoint.*': open,
  'MapPoint.*': open,
  // The member's own replies, and the rest is nobody's in particular.
  'TasteMap.*': open,
  'ReplyPoint.*': open,
  'TasteDirection.*': open,
  'Limit.*': open,
  'PoolStatus.*': open,
  'LanguageModel.*': open,
  'ErrorCount.*': admin,
  'StorageEntry.*': open,
  'Plugin.*': admin,
  'Finding.*': admin,
  'PluginField.*': admin,
  'Taste.*': open,
  'DeletionReceipt.*': open,
  'DeletionCount.*': open,
  'Platform.*': open,
  'Viewer.*': open,
  'Key.*': open,
  'CreatedKey.*': open,
  'MemberToken.*': open,
};

/** The rule of a field; undefined where the table has none. */
export function ruleOf(type: string, field: string): Rule | undefined {
  return ACCESS[`${type}.${field}`] ?? ACCESS[`${type}.*`];
}
