import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The page and the service share an origin through Vite, so that neither needs CORS.
const service = process.env.TAILRACE_URL ?? "http://127.0.0.1:8000";
const proxy = { "/langgraph": service };

export default defineConfig({
  plugins: [react()],
  server: { host: "127.0.0.1", proxy },
  preview: { host: "127.0.0.1", proxy },
});
