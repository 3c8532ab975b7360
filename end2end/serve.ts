// Before all journeys: the program and its demo, told to the tests by the environment. After them: both gone.
import { serveDemo } from "./demo.mjs";

export default async function setup() {
  const { url, data, signIns, stop } = await serveDemo({ log: "debug" });
  process.env.PORTICO_URL = url;
  process.env.PORTICO_TEST_DATA = data;
  process.env.PORTICO_SIGN_INS = JSON.stringify(signIns);
  return stop;
}
