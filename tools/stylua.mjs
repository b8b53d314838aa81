// Formats Lua: `node tools/stylua.mjs --check FILE...` only says which files are not formatted, and ends with 1.
// The formatter is a module, since the program of the same name would fetch itself from elsewhere.
import { readFileSync, writeFileSync } from "node:fs";
import { Config, formatCode, IndentType, OutputVerification, QuoteStyle } from "@johnnymorganz/stylua";

const check = process.argv.includes("--check");
const files = process.argv.slice(2).filter((word) => word !== "--check");

/** The form of our scripts; a configuration is used up by one call. */
function form() {
  const config = Config.new();
  config.column_width = 120;
  config.indent_type = IndentType.Spaces;
  config.indent_width = 2;
  config.quote_style = QuoteStyle.AutoPreferSingle;
  return config;
}

for (const file of files) {
  const text = readFileSync(file, "utf8");
  const formatted = formatCode(text, form(), undefined, OutputVerification.Full);
  if (formatted === text) continue;
  if (check) {
    console.error(`${file} is not formatted: make fmt`);
    process.exitCode = 1;
  } else writeFileSync(file, formatted);
}
