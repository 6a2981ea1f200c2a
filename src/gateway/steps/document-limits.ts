/** How deep a document may nest and how many aliases it may use: one validation rule. */
import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import type { Limits } from '../../common/config.js';
import { limitError } from '../errors.js';

/** What an operation comes to once its fragments are spread. */
export interface DocumentSize {
  /** Fields below one another. Introspection does not count: graphql-js bounds it by itself. */
  depth: number;
  aliases: number;
}

/** Reports an operation that is deeper or uses more aliases than `limits` allow. */
export function documentLimits(limits: Pick<Limits, 'documentDepth' | 'documentAliases'>) {
  return (context: ValidationContext): ASTVisitor => ({
    OperationDefinition(operation) {
      const fragments = new Map<string, FragmentDefinitionNode>();
      for (const definition of context.getDocument().definitions) {
        if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
      }
      const { depth, aliases } = measure(operation.selectionSet, fragments);
      if (depth > limits.documentDepth) {
        const message = `The operation is ${depth} fields deep; at most ${limits.documentDepth} are allowed. Ask for less at once.`;
        context.reportError(limitError('depth', limits.documentDepth, message));
      }
      if (aliases > limits.documentAliases) {
        const message = `The operation uses ${aliases} aliases; at most ${limits.documentAliases} are allowed. Send several operations.`;
        context.reportError(limitError('aliases', limits.documentAliases, message));
      }
    },
  });
}

/**
 * Size of a selection set. Each fragment is measured once, however often it is spread, so that the work is linear in the document;
 * a fragment inside itself counts nothing (graphql-js reports it).
 */
export function measure(
  selectionSet: SelectionSetNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  measured = new Map<string, DocumentSize>(),
): DocumentSize {
  const size = { depth: 0, aliases: 0 };
  for (const selection of selectionSet.selections) {
    let inner: DocumentSize = { depth: 0, aliases: 0 };
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const name = selection.name.value;
      const fragment = fragments.get(name);
      if (fragment && !measured.has(name)) {
        measured.set(name, { depth: 0, aliases: 0 });
        measured.set(name, measure(fragment.selectionSet, fragments, measured));
      }
      inner = measured.get(name) ?? inner;
    } else if (selection.selectionSet) {
      inner = measure(selection.selectionSet, fragments, measured);
    }
    let { depth, aliases } = inner;
    if (selection.kind === Kind.FIELD) {
      depth = selection.name.value.startsWith('__') ? 0 : depth + 1;
      if (selection.alias) aliases += 1;
    }
    size.depth = Math.max(size.depth, depth);
    size.aliases += aliases;
  }
  return size;
}
