/** What an operation may cost at most: tokens it lets the model write, plus objects it reads; and how many values it may bring. */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  GraphQLError,
  type GraphQLField,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  getNullableType,
  getVariableValues,
  isCompositeType,
  isListType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Limits } from '../common/config.js';
import { COSTS } from '../contract/generated/costs.js';
import { limitError } from './errors.js';

/** Length taken for a list that no argument bounds, and of which the contract says nothing. */
const LIST_LENGTH = 10;

export interface CostedOperation {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * The upper bound of what an operation costs: candidates times maxTokens for each generation, 1 for each object, times the length of
 * the lists around it. 0 when the variables do not fit their types, because then nothing is executed.
 */
export function operationCost(request: CostedOperation, limits: Limits): number {
  const { schema, document, operation, variables } = request;
  const root = schema.getRootType(operation.operation);
  const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {});
  if (!root || !coerced.coerced) return 0;
  return new CostWalk(schema, document, coerced.coerced, limits).selection(operation.selectionSet, root, LIST_LENGTH);
}

/**
 * @throws GraphQLError LIMIT_EXCEEDED when the operation costs more than is allowed, or its variables hold more values: each is looked at
 *   several times before it reaches anything that knows how many make sense
 */
export function checkOperationCost(request: CostedOperation, limits: Limits): void {
  if (!holdsAtMost(request.variables, limits.variableValues)) {
    const message = `The variables hold more than ${limits.variableValues} values. Send less at once.`;
    throw limitError('values', limits.variableValues, message);
  }
  const cost = operationCost(request, limits);
  if (cost <= limits.operationCost) return;
  const message =
    `The operation may cost ${cost}; at most ${limits.operationCost} is allowed. A generation costs candidateCount times ` +
    'maxTokens, an object 1, a page as much as its length. Ask for less at once.';
  throw limitError('cost', limits.operationCost, message);
}

/** Whether there are no more values than that, objects and lists counted too. Looks at no more than it has to. */
function holdsAtMost(variables: unknown, maximum: number): boolean {
  const left = [variables];
  for (let count = 0; left.length > 0; count++) {
    const value = left.pop();
    if (count + left.length > maximum) return false;
    if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) left.push(inner);
  }
  return true;
}

class CostWalk {
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  /** Fragments are costed once for each page size around them, which keeps the work linear in the document. */
  private readonly costed = new Map<string, number>();

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly variables: Record<string, unknown>,
    private readonly limits: Limits,
  ) {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(definition.name.value, definition);
    }
  }

  selection(selectionSet: SelectionSetNode, parent: GraphQLCompositeType, pageSize: number): number {
    let cost = 0;
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) cost += this.field(selection, parent, pageSize);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) cost += this.fragment(selection.name.value, pageSize);
      else {
        const type = selection.typeCondition ? this.schema.getType(selection.typeCondition.name.value) : parent;
        if (isCompositeType(type)) cost += this.selection(selection.selectionSet, type, pageSize);
      }
    }
    return cost;
  }

  private fragment(name: string, pageSize: number): number {
    const key = `${name}/${pageSize}`;
    const fragment = this.fragments.get(name);
    const type = fragment && this.schema.getType(fragment.typeCondition.name.value);
    if (!this.costed.has(key) && fragment && isCompositeType(type)) {
      this.costed.set(key, 0);
      this.costed.set(key, this.selection(fragment.selectionSet, type, pageSize));
    }
    return this.costed.get(key) ?? 0;
  }

  private field(node: FieldNode, parent: GraphQLCompositeType, pageSize: number): number {
    const definition = isUnionType(parent) ? undefined : parent.getFields()[node.name.value];
    if (!definition) return 0;
    const values = this.argumentsOf(definition, node);
    const type = getNamedType(definition.type);
    const inner = this.pageSize(definition, values);
    const inConnection = parent.name.endsWith('Connection');
    const declared = COSTS[`${parent.name}.${node.name.value}`];
    const known = inConnection ? pageSize : (inner ?? declared?.length);
    const count = isListType(getNullableType(definition.type)) ? (known ?? LIST_LENGTH) : 1;
    const below =
      node.selectionSet && isCompositeType(type) ? this.selection(node.selectionSet, type, inner ?? LIST_LENGTH) : 0;
    const tokens = declared?.tokens === undefined ? (declared?.writes ?? 0) : this.tokens(values[declared.tokens]);
    return count * ((isCompositeType(type) ? 1 : 0) + below) + tokens;
  }

  /** Null asks for the usual length as well as leaving it out does; undefined for what has no pages. */
  private pageSize({ args }: GraphQLField<unknown, unknown>, values: Record<string, unknown>): number | undefined {
    const size = values.first ?? args.find(({ name }) => name === 'first')?.defaultValue;
    return typeof size === 'number' ? clamp(size, 1, this.limits.pageSizeMaximum) : undefined;
  }

  /** Tokens a generation may write, should its numbers be in range; out of range ones are refused later, by name. */
  private tokens(input: unknown): number {
    const { candidateCount, maxTokens } = (input ?? {}) as Record<string, number | null | undefined>;
    const limits = this.limits;
    return (
      clamp(
        candidateCount ?? limits.candidateCountDefault,
        limits.candidateCountMinimum,
        limits.candidateCountMaximum,
      ) * clamp(maxTokens ?? limits.maxTokensDefault, limits.maxTokensMinimum, limits.maxTokensMaximum)
    );
  }

  private argumentsOf(definition: GraphQLField<unknown, unknown>, node: FieldNode): Record<string, unknown> {
    try {
      return getArgumentValues(definition, node, this.variables);
    } catch (error) {
      // An argument that does not fit its type is reported by the execution.
      if (error instanceof GraphQLError) return {};
      throw error;
    }
  }
}

function clamp(value: number, minimum: number, maximum: number): number {
  return Math.min(Math.max(value, minimum), maximum);
}
