/**
 * Counts the objects of an answer while it is made, and ends it where they become more than an operation may cost. What an operation
 * may cost is estimated before it runs; a list that no argument bounds can turn out longer than the estimate.
 */
import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import type { Context } from './context.js';
import { limitError } from './errors.js';

type Resolver = GraphQLFieldResolver<unknown, Context>;

/** Objects of each answer so far, by what is one answer's own: a subscription's event, else the request's context. */
const counts = new WeakMap<object, number>();

/** Changes the schema in place: every field that answers with objects counts them. */
export function countObjects(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (isCompositeType(getNamedType(field.type))) field.resolve = counting(field);
    }
  }
  return schema;
}

function counting({ resolve = defaultFieldResolver }: GraphQLField<unknown, Context>): Resolver {
  return (source, args, context, info) => {
    const count = (answer: unknown) => {
      const answerOf = typeof info.rootValue === 'object' && info.rootValue !== null ? info.rootValue : context;
      const objects = (counts.get(answerOf) ?? 0) + objectsOf(answer);
      counts.set(answerOf, objects);
      const maximum = context.limits.operationCost;
      if (objects <= maximum) return answer;
      const message = `The answer holds more than ${maximum} objects. Ask for less at once.`;
      throw limitError('cost', maximum, message);
    };
    const answer = resolve(source, args, context, info);
    return answer instanceof Promise ? answer.then(count) : count(answer);
  };
}

function objectsOf(answer: unknown): number {
  if (Array.isArray(answer)) return answer.length;
  return answer == null ? 0 : 1;
}
