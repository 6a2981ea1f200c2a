/** The names that bots, the page and third parties know the client by. A name that goes is missed here, at the latest by the compiler. */
import { expect, expectTypeOf, it } from 'vitest';
import type * as Client from '../../src/client/index.js';
import * as exported from '../../src/client/index.js';

/** Every type that was exported; one that is gone does not compile. */
type Exported = [
  Client.CallOptions,
  Client.Candidate,
  Client.CandidateDelta,
  Client.CandidateRole,
  Client.ChatRole,
  Client.ChatTurn,
  Client.ClientErrorCode,
  Client.ConsentInput,
  Client.CreatedKey,
  Client.DeletionReceipt,
  Client.EncoderCapacity,
  Client.EncoderVersion,
  Client.ErrorCount,
  Client.Executor,
  Client.ExecutorRequest,
  Client.ExecutorResponse,
  Client.Feedback,
  Client.FeedbackInput,
  Client.FeedbackResult,
  Client.FeedbackState,
  Client.Finding,
  Client.FindingLevel,
  Client.FinishReason,
  Client.GenerateInput,
  Client.Generation,
  Client.GenerationEvent,
  Client.GenerationFinished,
  Client.GenerationQueued,
  Client.GenerationStarted,
  Client.Key,
  Client.KeyInput,
  Client.KeyScope,
  Client.LanguageModel,
  Client.LearnConsent,
  Client.Limit,
  Client.LimitGroup,
  Client.Member,
  Client.MemberRef,
  Client.MemberToken,
  Client.NetworkOptions,
  Client.Operation<unknown, unknown>,
  Client.Page<unknown>,
  Client.PageInput,
  Client.PalateClient,
  Client.Platform,
  Client.PlatformInput,
  Client.Plugin,
  Client.PluginConfigInput,
  Client.PluginPlacement,
  Client.PoolStatus,
  Client.ResponseError,
  Client.SourceInput,
  Client.StorageEntry,
  Client.SubscribeOptions,
  Client.Taste,
  Client.TasteMap,
  Client.TrainingJob,
  Client.TrainingStatus,
  Client.Verdict,
  Client.Viewer,
  Client.WinRatePoint,
];

const MEMBER = { platform: 'discord', externalId: '1' };
const SIGNAL = new AbortController().signal;

it('exports what it did', () => {
  const names = [
    'CLIENT_ERROR_CODES',
    'OPERATIONS',
    'PalateClientError',
    'createPalateClient',
    'endpointOf',
    'networkExecutor',
  ];
  expect(Object.keys(exported).sort()).toEqual(names);
});

it('has the methods that it had', () => {
  const executor: Client.Executor = {
    execute: () => Promise.reject(new Error('Nothing is asked here.')),
    subscribe: () => {
      throw new Error('Nothing is asked here.');
    },
  };
  const client: Client.PalateClient = exported.createPalateClient({ executor });
  const methods =
    'askTuningQuestion cancelGeneration cancelTraining close configurePlugin createKey createMemberToken deletionReceipt diagnosePlugin errorCounts errorStatus exportTaste feedback forgetMember generate generateStream generation generations importTaste keys limits member memberById models platform pluginStatus plugins pool poolStatus request revokeKey rollbackMember rotateKey setConsent setPlatform setStorage startPlugin stopPlugin storage submitFeedback tasteMap trainMember trainingJob trainingJobs trainingStatus viewer winRates withdrawFeedback';
  expect(Object.keys(client).sort()).toEqual(methods.split(' '));
});

it('takes calls as they are written', () => {
  type Method<Name extends keyof Client.PalateClient> = Client.PalateClient[Name];
  expectTypeOf<Method<'generate'>>().toBeCallableWith({ member: MEMBER, prompt: 'hello' }, { signal: SIGNAL });
  expectTypeOf<Method<'trainingJobs'>>().toBeCallableWith();
  expectTypeOf<Method<'trainingJobs'>>().toBeCallableWith(null, { first: 5, after: null });
  expectTypeOf<Method<'rotateKey'>>().toBeCallableWith('id');
  expectTypeOf<Method<'setStorage'>>().toBeCallableWith('key', null);
  // A row goes only where that is said.
  expectTypeOf<Method<'setStorage'>>().parameter(1).toEqualTypeOf<string | null>();
  expectTypeOf<Method<'trainingStatus'>>().toBeCallableWith(null, { signal: SIGNAL });
  expectTypeOf<Exported['length']>().toEqualTypeOf<61>();
});
