/** One accent, calm greys, dense controls. Colours of states are in `global.css`. */

import { ActionIcon, createTheme, type MantineColorsTuple } from "@mantine/core";

const indigo: MantineColorsTuple = [
  "#eef0ff",
  "#dfe3fd",
  "#bcc4f7",
  "#97a3f1",
  "#7685ec",
  "#5d6fe6",
  "#4a5cdb",
  "#3d4fd0",
  "#3241ad",
  "#27348a",
];
const ink: MantineColorsTuple = [
  "#c9ccd4",
  "#b4b8c2",
  "#8f94a1",
  "#6d7280",
  "#3a3e49",
  "#2b2f38",
  "#22252d",
  "#191b21",
  "#131519",
  "#0d0e11",
];

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 6 },
  colors: { indigo, dark: ink },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', monospace",
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  defaultRadius: "sm",
  radius: { sm: "6px", md: "8px" },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "20px", lineHeight: "28px" },
      h2: { fontSize: "15px", lineHeight: "24px" },
    },
  },
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "xs" } },
    ActionIcon: ActionIcon.extend({
      defaultProps: { variant: "subtle", color: "gray" },
      // No target is smaller than 24 px.
      vars: (_, { size }) => ({ root: size === "sm" ? { "--ai-size": "24px" } : {} }),
    }),
    TextInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm" } },
    Modal: {
      defaultProps: {
        closeButtonProps: { "aria-label": "Close" },
        centered: true,
        transitionProps: { duration: 120 },
      },
    },
  },
});

/** Lets in the styles that Mantine writes into the page; see the API's content security policy. */
export const nonce = () =>
  document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
