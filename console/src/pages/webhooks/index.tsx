import { EmptyState } from "@/parts/empty-state";
import { Page } from "@/parts/page";

export default function WebhooksPage() {
  return (
    <Page title="Webhooks">
      <EmptyState title="Not here yet">This page is being built.</EmptyState>
    </Page>
  );
}
