/** What the service sends, as the console reads it. PROTOCOL.md says what each of it means. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export type JsonObject = { [name: string]: Json | undefined };

export interface Graph {
  name: string;
  description: string;
  input_schema: Schema;
  context_schema?: Schema | null;
}

/** What the console reads of a JSON Schema. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  anyOf?: Schema[];
  const?: Json;
  default?: Json;
  description?: string;
  enum?: Json[];
  examples?: Json[];
  maximum?: number;
  maxLength?: number;
  minimum?: number;
  properties?: Record<string, Schema>;
  readOnly?: boolean;
  required?: string[];
  type?: string;
}

export interface Failure {
  type: string;
  detail: string;
  retryable: boolean;
  traceback?: string;
}

export interface Ending {
  status: string;
  result?: Json;
  error?: Failure;
}

export interface Job extends Ending {
  id: string;
  graph: string;
  created_at: string;
  started_at?: string | null;
  ended_at?: string | null;
  urls: { events: string };
}

export interface FieldError {
  pointer: string;
  detail: string;
}

/** The body of a refusal (RFC 9457). */
export interface ProblemBody {
  type?: string;
  title?: string;
  detail?: string;
  errors?: FieldError[];
}

export interface Interrupt {
  id: string;
  value: Json;
}

export interface StatusEvent {
  status: string;
  at: string;
  attempt?: number;
  reason?: string;
  resumed?: boolean;
  interrupts?: Interrupt[];
  next?: string[];
}

export interface ToolCallChunk {
  index: number;
  name?: string | null;
  args?: string | null;
}

export interface Message {
  id: string;
  type: string;
  name?: string;
  content: Json;
  tool_call_chunks?: ToolCallChunk[];
}

export interface GapEvent {
  from: number;
  to: number;
  reason: string;
}

interface OfNode {
  ns: string[];
  node: string;
}

/** The data of each event, by its name. */
export interface EventData {
  status: StatusEvent;
  messages: OfNode & { message: Message };
  updates: OfNode & { data: JsonObject | null };
  tasks: OfNode & { data: Json };
  custom: { data: Json };
  values: { data: Json };
  checkpoints: { data: Json };
  debug: { data: Json };
  gap: GapEvent;
  end: Ending;
}

export type EventName = keyof EventData;

/** One event as it came; `data` is its text. */
export interface Entry {
  seq: number;
  name: EventName;
  data: string;
}

/** An event with the value of its text. */
export type TakenEvent = { [Name in EventName]: Entry & { name: Name; value: EventData[Name] } }[EventName];

declare global {
  /** What browsers have and TypeScript's own library does not know yet. */
  interface JSON {
    parse(text: string, reviver: (key: string, value: unknown, context?: { source?: string }) => unknown): unknown;
    rawJSON?(text: string): unknown;
  }
}
