/**
 * A chat template that comes to an end: it is a program from a model's file, and runs on the threads that serve. Every step of it, and the
 * size of every value that a step gives, counts towards a number of steps far above what a conversation needs.
 */
import { Environment, Interpreter, Template } from '@huggingface/jinja';

type Program = Template['parsed'];

/** A part of a program, as far as it matters here; a loop has what it goes through, maybe with a condition around it. */
interface Statement {
  type: string;
  iterable?: Statement;
  lhs?: Statement;
}

interface Value {
  type: string;
  value: unknown;
}

/** The library's own types cannot be read from modules. */
const LibraryInterpreter = Interpreter as new (
  environment: Environment,
) => {
  run(program: Program): Value;
  evaluate(statement: Statement | undefined, environment: Environment): Value;
};

/** Steps for a conversation of one message, and for each more: templates in use take some hundreds. */
const STEPS = 50_000;
/** Some templates look through all messages at each: some seconds of the thread that encodes prompts. */
const MOST_STEPS = 2_000_000;
/** Characters, or elements of lists, that weigh as much as a step. */
const SIZE_OF_STEP = 16;
/** One turn of a loop prepares as much as so many steps, even where there is nothing in the loop. */
const STEPS_OF_TURN = 8;
const LONGEST_RANGE = 10_000;
/** Writing a date takes milliseconds, so this many steps; templates in use write one. */
const STEPS_OF_DATE = 1_000;

/** The template takes more steps than any that is meant well. */
export class TooManySteps extends Error {
  constructor() {
    super('it does not come to an end');
  }
}

const CONSTANTS = { true: true, false: false, none: null, True: true, False: false, None: null };

const FUNCTIONS = {
  raise_exception: (message: string) => {
    throw new Error(message);
  },
  range: boundedRange,
};

/** The date as the library writes it, which hands it out to templates only. */
const DATE = new Template('{{ strftime_now(format) }}');

export class BoundedTemplate {
  private readonly program: Program;

  /** @throws Error where the source cannot be parsed */
  constructor(source: string) {
    this.program = new Template(source).parsed;
  }

  /** @throws TooManySteps for so many messages; Error where the template refuses or fails */
  render(variables: { messages: readonly object[] } & Record<string, unknown>): string {
    const environment = new Environment();
    const steps = Math.min(MOST_STEPS, STEPS * (1 + variables.messages.length));
    const interpreter = new BoundedInterpreter(environment, steps);
    const strftime_now = (format: string) => {
      interpreter.spend(STEPS_OF_DATE);
      return DATE.render({ format });
    };
    for (const [name, value] of Object.entries({ ...CONSTANTS, ...FUNCTIONS, strftime_now, ...variables })) {
      environment.set(name, value);
    }
    return String(interpreter.run(this.program).value);
  }
}

class BoundedInterpreter extends LibraryInterpreter {
  /** What loops go through, by where it is written. */
  private readonly looped = new WeakSet<object>();
  private readonly sizes = new WeakMap<object, number>();

  constructor(
    environment: Environment,
    private stepsLeft: number,
  ) {
    super(environment);
  }

  override evaluate(statement: Statement | undefined, environment: Environment): Value {
    this.spend(1);
    if (statement?.type === 'For') this.looped.add(listOf(statement));
    const value = super.evaluate(statement, environment);
    this.spend(this.sizeOf(value) / SIZE_OF_STEP);
    if (statement && this.looped.has(statement)) this.spend(STEPS_OF_TURN * lengthOf(value));
    return value;
  }

  /** @throws TooManySteps where none are left */
  spend(steps: number): void {
    this.stepsLeft -= steps;
    if (this.stepsLeft < 0) throw new TooManySteps();
  }

  /** How much would be shown: what a list holds twice counts twice, so that lists of lists of lists do not grow unnoticed. */
  private sizeOf(value: Value): number {
    const { value: content } = value;
    if (typeof content === 'string') return content.length;
    if (!Array.isArray(content) && !(content instanceof Map)) return 1;
    const known = this.sizes.get(value);
    if (known !== undefined) return known;
    let size = 1;
    for (const inner of content.values() as Iterable<Value>) size += this.sizeOf(inner);
    // The only values that change.
    if (value.type !== 'NamespaceValue') this.sizes.set(value, size);
    return size;
  }
}

/** Where a loop's list is written, without the condition for its elements. */
function listOf({ iterable }: Statement): Statement {
  return (iterable?.type === 'SelectExpression' && iterable.lhs) || (iterable as Statement);
}

/** Turns of a loop over the value. */
function lengthOf({ value }: Value): number {
  if (Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 0;
}

function boundedRange(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > LONGEST_RANGE) throw new TooManySteps();
  if (!Number.isInteger(length)) throw new Error('range() needs numbers');
  return Array.from({ length }, (_, i) => start + i * step);
}
