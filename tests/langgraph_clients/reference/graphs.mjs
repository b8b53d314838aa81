// The graphs of graphs.py, node by node.
import { StateGraph, Annotation, MessagesAnnotation, START, END, interrupt, Command } from "@langchain/langgraph";
import { FakeStreamingChatModel, FakeListChatModel } from "@langchain/core/utils/testing";
import { AIMessage, AIMessageChunk } from "@langchain/core/messages";

export const chat = new StateGraph(MessagesAnnotation)
  .addNode("reply", async (state, config) => {
    const said = state.messages.at(-1).content;
    const text = said.startsWith("ask") ? interrupt({ question: said }) : said;
    const m = new FakeListChatModel({ responses: [`Echo: ${text}`], sleep: said.startsWith("slow") ? 50 : 2 });
    const answer = await m.invoke(state.messages, config);
    return { messages: [answer] };
  }).addEdge(START, "reply").addEdge("reply", END).compile();

const S = Annotation.Root({ topic: Annotation(), steps: Annotation({ reducer: (a, b) => (a ?? []).concat(b), default: () => [] }), answer: Annotation() });
export const steps = new StateGraph(S)
  .addNode("one", async (s, c) => { c.writer?.({ at: "one" }); return { steps: ["one"] }; })
  .addNode("two", async (s) => ({ steps: ["two"] }))
  .addEdge(START, "one").addEdge("one", "two").addEdge("two", END).compile();

export const ask = new StateGraph(S)
  .addNode("prepare", async () => ({ steps: ["prepare"] }))
  .addNode("ask", async (s) => { const a = interrupt({ question: "Go on?", topic: s.topic }); return { answer: a, steps: ["ask"] }; })
  .addNode("finish", async () => ({ steps: ["finish"] }))
  .addEdge(START, "prepare").addEdge("prepare", "ask").addEdge("ask", "finish").addEdge("finish", END).compile();

const inner = new StateGraph(S)
  .addNode("deep", async (s, c) => { c.writer?.({ at: "deep" }); return { steps: ["deep"] }; })
  .addEdge(START, "deep").addEdge("deep", END).compile();
export const nested = new StateGraph(S)
  .addNode("inner", inner).addNode("after", async () => ({ steps: ["after"] }))
  .addEdge(START, "inner").addEdge("inner", "after").addEdge("after", END).compile();

export const failing = new StateGraph(S)
  .addNode("fine", async () => ({ steps: ["fine"] }))
  .addNode("bad", async () => { throw new Error("it broke"); })
  .addEdge(START, "fine").addEdge("fine", "bad").addEdge("bad", END).compile();

export const slow = new StateGraph(S)
  .addNode("work", async (s, c) => { for (let i = 0; i < 40; i++) { c.writer?.({ i }); await new Promise(r => setTimeout(r, 50)); } return { steps: ["work"] }; })
  .addNode("rest", async () => ({ steps: ["rest"] }))
  .addEdge(START, "work").addEdge("work", "rest").addEdge("rest", END).compile();
