/**
 * Whether the contract is served, found out by the compiler: every field has a resolver, or is a field of the view it is read from,
 * with a value that fits.
 */
import type { Resolver, ResolversParentTypes } from '../../contract/generated/resolvers.js';
import type { Resolvers } from '../context.js';

/** Types with fields. */
type TypeName = Exclude<keyof Resolvers & keyof ResolversParentTypes, 'DateTime' | 'GenerationEvent'>;

type Own<Parts, Type> = Type extends keyof Parts ? keyof Parts[Type] : never;
type Fields<Type extends TypeName> = Exclude<keyof NonNullable<Resolvers[Type]>, '__isTypeOf'>;
/** What a field is read from; operations are read from nothing. */
type View<Type extends TypeName> = Type extends 'Query' | 'Mutation' | 'Subscription'
  ? unknown
  : ResolversParentTypes[Type];

type Result<Type extends TypeName, Field extends keyof NonNullable<Resolvers[Type]>> =
  // biome-ignore lint/suspicious/noExplicitAny: whatever the resolver reads, only its result counts here.
  NonNullable<NonNullable<Resolvers[Type]>[Field]> extends Resolver<infer Value, any, any, any> ? Value : never;

type UnservedFields<Parts, Type extends TypeName> = {
  [Field in Exclude<Fields<Type>, Own<Parts, Type>>]: Field extends keyof View<Type>
    ? View<Type>[Field] extends Result<Type, Field & Fields<Type>>
      ? never
      : `${Type}.${Field & string}`
    : `${Type}.${Field & string}`;
}[Exclude<Fields<Type>, Own<Parts, Type>>];

/** Fields of the contract that nothing serves, as `Type.field`; never when it is complete. */
type Unserved<Parts> = { [Type in TypeName]: UnservedFields<Parts, Type> }[TypeName];

type Intersection<Parts> = (Parts extends unknown ? (part: Parts) => void : never) extends (part: infer All) => void
  ? All
  : never;

/** The resolvers of a complete list of parts; of another one a type that nothing is, because of what it has to have. */
export type Complete<Parts extends readonly unknown[]> = Record<string, Record<string, unknown>> & {
  [Field in Unserved<Intersection<Parts[number]>> as `unserved: ${Field}`]: true;
};
