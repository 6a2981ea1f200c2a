/** Puts the rules of access in front of every resolver of a schema. */
import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { PalateError } from '../common/errors.js';
import { admin, type Decision, open, type Rule } from './access.js';
import type { Context } from './context.js';

type Resolver = GraphQLFieldResolver<unknown, Context>;

/**
 * Changes the schema in place: a resolver, or the start of a subscription, runs when the field's rule allows it. A field without a rule
 * is for admin keys only.
 */
export function enforceAccess(
  schema: GraphQLSchema,
  ruleOf: (type: string, field: string) => Rule | undefined,
): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const rule = ruleOf(type.name, field.name) ?? admin;
      if (rule === open) continue;
      const place = `${type.name}.${field.name}`;
      if (type === schema.getSubscriptionType()) field.subscribe = guarded(place, field, rule, field.subscribe);
      else field.resolve = guarded(place, field, rule, field.resolve);
    }
  }
  return schema;
}

function guarded(
  place: string,
  field: GraphQLField<unknown, Context>,
  rule: Rule,
  resolve: Resolver = defaultFieldResolver,
): Resolver {
  return (source, args, context, info) => {
    const { viewer, services } = context;
    const answer = (decision: Decision) => {
      if (decision === 'ALLOW') return resolve(source, args, context, info);
      if (decision === 'FORBID') throw forbidden(place, rule, context);
      if (isNonNullType(field.type)) throw absent(place);
      return null;
    };
    const decision = rule.decide({ viewer, args, source, ownership: services.ownership });
    return decision instanceof Promise ? decision.then(answer) : answer(decision);
  };
}

function forbidden(place: string, { who }: Rule, { viewer }: Context): PalateError {
  const asked = { ADMIN: 'an admin key', BOT: `a bot key of "${viewer.platform}"`, MEMBER: "a member's key" }[
    viewer.scope
  ];
  return new PalateError(
    'FORBIDDEN',
    `${place} is for ${who}; this is ${asked}. Ask with another key, or for what is yours.`,
  );
}

function absent(place: string): PalateError {
  return new PalateError('NOT_FOUND', `${place}: there is nothing of this id for this key. Check the id.`);
}
