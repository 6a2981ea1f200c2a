/**
 * The contract's own scalars, and what every text of a request has to be: text that comes back from the database as it was given.
 * Whatever takes a text takes it through here, over HTTP, over WebSocket, in the process, and in the fields that plugins add.
 */
import { GraphQLError, GraphQLID, type GraphQLScalarType, GraphQLString, type ValueNode } from 'graphql';
import { faultOf } from '../../common/text.js';

/**
 * Of a scalar of texts: what reads it out of variables, where graphql-js names the place, and out of documents. The schema's functions
 * replace those of graphql-js in place, so its own are taken out before.
 */
function strict({ name, parseValue, parseLiteral }: GraphQLScalarType<string>) {
  return {
    __parseValue: (value: unknown): string => {
      if (name === 'ID' && typeof value === 'number' && !Number.isSafeInteger(value))
        throw new GraphQLError(`A number like ${value} is not exact. Give the id as a text.`);
      return checked(parseValue(value));
    },
    __parseLiteral: (node: ValueNode): string => checked(parseLiteral(node), node),
  };
}

function checked(text: string, nodes?: ValueNode): string {
  const fault = faultOf(text);
  if (fault === undefined) return text;
  throw new GraphQLError(`The text contains ${fault}. Take it out.`, { nodes });
}

export const scalars = {
  String: strict(GraphQLString),
  ID: strict(GraphQLID),
  /** Under the names by which resolvers set a scalar's functions. */
  DateTime: {
    __serialize: (value: unknown): string => {
      if (value instanceof Date) return value.toISOString();
      throw new TypeError('DateTime stands for Date values only.');
    },
  },
};
