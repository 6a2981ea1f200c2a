/**
 * How much of the schema one operation may ask for: about what explorers and code generators ask for, once. graphql-js bounds how deep
 * introspection goes, not how often.
 */
import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  getIntrospectionQuery,
  Kind,
  parse,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import { limitError } from '../errors.js';

const ROOTS = new Set(['__schema', '__type']);
/** The lists of introspection's own types. */
const LISTS = new Set([
  'types',
  'directives',
  'fields',
  'args',
  'enumValues',
  'inputFields',
  'interfaces',
  'possibleTypes',
]);
/** Length taken for each of them. */
const LIST_LENGTH = 10;
/** Tools differ a little in what they ask for. */
const LENIENCY = 1.5;

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** What the whole introspection query costs here, and a little more. */
const MAXIMUM = Math.round(LENIENCY * costOfWhole());

/** Reports an operation that asks for more of the schema than there is. */
export function introspectionLimit(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition({ selectionSet }) {
      const cost = introspectionCost(selectionSet, fragmentsOf(context.getDocument().definitions));
      if (cost <= MAXIMUM) return;
      const message = 'The operation asks for the schema several times over. Send the introspection query once.';
      context.reportError(limitError('introspection', MAXIMUM, message));
    },
  };
}

/** Objects that introspection in this selection may answer with, taking each list for equally long. 0 without introspection. */
function introspectionCost(selectionSet: SelectionSetNode, fragments: Fragments): number {
  const costed = new Map<string, number>();
  const cost = (selections: SelectionSetNode, inside: boolean): number =>
    selections.selections.reduce((sum, selection) => {
      if (selection.kind === Kind.FIELD) {
        const { name, selectionSet: below } = selection;
        if (!below) return sum;
        if (inside) return sum + (LISTS.has(name.value) ? LIST_LENGTH : 1) * (1 + cost(below, true));
        return ROOTS.has(name.value) ? sum + 1 + cost(below, true) : sum;
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) return sum + cost(selection.selectionSet, inside);
      return sum + fragmentCost(selection.name.value, inside);
    }, 0);
  /** Each once, so that the work is linear in the document. One inside itself counts nothing: it is refused elsewhere. */
  const fragmentCost = (name: string, inside: boolean): number => {
    const key = `${name}/${inside}`;
    const fragment = fragments.get(name);
    if (!costed.has(key) && fragment) {
      costed.set(key, 0);
      costed.set(key, cost(fragment.selectionSet, inside));
    }
    return costed.get(key) ?? 0;
  };
  return cost(selectionSet, false);
}

function fragmentsOf(definitions: readonly { kind: string }[]): Fragments {
  const fragments = definitions.filter(
    (node): node is FragmentDefinitionNode => node.kind === Kind.FRAGMENT_DEFINITION,
  );
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]));
}

function costOfWhole(): number {
  const { definitions } = parse(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }));
  const [operation] = definitions;
  if (operation.kind !== Kind.OPERATION_DEFINITION) return 0;
  return introspectionCost(operation.selectionSet, fragmentsOf(definitions));
}
