//! The one table of what can be done, with which keys, and in which words.
//!
//! Dispatch, the hints bar, `?` help, the `:` palette, the sample keymap and the README's key table all read
//! it. To add an action: add a line under its screen's heading. The keys are those that can be changed in
//! `[tui.keys]`; the label is for the hints bar (one or two words), the sentence for help and the palette.

use crate::tui::screens::ScreenId;

/// Where an action counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Everywhere; the app does it.
    App,
    /// Everywhere; the popup or screen in front does it if it says so.
    Front,
    /// While a line or a text is being typed.
    Typing,
    /// On one screen.
    Screen(ScreenId),
    /// In a popup.
    Popup,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub action: Action,
    /// As in `[tui.keys]` and the palette.
    pub name: &'static str,
    pub scope: Scope,
    /// Keys to begin with, separated by spaces; the first is shown in hints.
    pub keys: &'static str,
    pub label: &'static str,
    pub sentence: &'static str,
}

macro_rules! actions {
    ($($scope:expr => { $($variant:ident $name:literal $keys:literal $label:literal $sentence:literal;)* })*) => {
        /// What can be done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[doc = $sentence] $variant,)*)* }

        /// Every action, in the order of help.
        pub const TABLE: &[Row] = &[
            $($(Row {
                action: Action::$variant,
                name: $name,
                scope: $scope,
                keys: $keys,
                label: $label,
                sentence: $sentence,
            },)*)*
        ];
    };
}

actions! {
    Scope::App => {
        Help "help" "? f1" "help" "Show what every key does here";
        Palette "palette" ": ctrl-p" "commands" "Find a command by typing part of its name";
        Overview "overview" "1" "overview" "Go to Overview: what the data holds and whether to trust it";
        Segments "segments" "2" "segments" "Go to Segments: which kinds of customer there are";
        Customers "customers" "3" "customers" "Go to Customers: find one and see what they did";
        Strategies "strategies" "4" "strategies" "Go to Strategies: what is said to whom, with a preview";
        Review "review" "5" "review" "Go to Review: approve, edit or reject drafts";
        Campaigns "campaigns" "6" "campaigns" "Go to Campaigns: who gets what, when, and how far it is";
        Results "results" "7" "results" "Go to Results: whether a campaign worked, and how sure that is";
        Jobs "jobs" "8" "jobs" "Go to Jobs: what is running, what ended, and the log";
        Voice "voice" "9" "voice" "Go to Voice: what the model learns from your drafts, before and after";
        NextScreen "next-screen" "]" "next screen" "Go to the next screen";
        PreviousScreen "previous-screen" "[" "previous screen" "Go to the previous screen";
        CancelJob "cancel-job" "X" "cancel job" "Cancel the running job that the status line shows";
        OpenModel "open-model" "L" "load model" "Load the language model again after a failure, or ask its server again";
        NextTheme "next-theme" "T" "theme" "Change to the next theme: terminal, light, dark, high-contrast, colour-blind";
        Mouse "mouse" "M" "mouse" "Switch the mouse on or off, so that the terminal can select text";
        Redraw "redraw" "ctrl-l" "redraw" "Draw the whole screen again";
        Suspend "suspend" "ctrl-z" "suspend" "Go to the shell; `fg` comes back";
        Quit "quit" "q ctrl-c" "quit" "Leave Perennial";
    }
    Scope::Front => {
        Up "up" "up k" "up" "Go up one row";
        Down "down" "down j" "down" "Go down one row";
        PageUp "page-up" "pageup ctrl-u" "page up" "Go up one page";
        PageDown "page-down" "pagedown ctrl-d" "page down" "Go down one page";
        First "first" "home g" "first" "Go to the first row";
        Last "last" "end G" "last" "Go to the last row";
        Left "left" "left h" "left" "Go left";
        Right "right" "right l" "right" "Go right";
        NextPanel "next-panel" "tab ctrl-o" "next panel" "Go to the next panel";
        PreviousPanel "previous-panel" "shift-tab" "previous panel" "Go to the previous panel";
        Open "open" "enter" "open" "Open what is selected";
        Find "find" "/" "find" "Find by typing";
        Copy "copy" "y" "copy" "Copy what is selected to the clipboard, over SSH too";
        Back "back" "esc" "back" "Go back or close";
    }
    Scope::Typing => {
        Accept "accept" "enter" "accept" "Take what was typed";
        Leave "leave" "esc" "leave" "Leave the text";
        OtherPanel "other-panel" "ctrl-o" "preview" "Go from the text to the preview";
        UndoTyping "undo-typing" "ctrl-z" "undo" "Take back what was typed last";
        RedoTyping "redo-typing" "ctrl-y" "redo" "Type again what was taken back";
    }
    Scope::Screen(ScreenId::Overview) => {
        ShowMapping "mapping" "m" "mapping" "Show what each file is and which of its columns became which, and change it";
        AskDateOrder "date-order" "d" "day or month" "Say whether the day or the month comes first in the files' dates";
        ShowSetAside "set-aside" "a" "set aside" "List the rows that were set aside, with file and line";
        NameShop "name-shop" "n" "name the shop" "Say what the shop is called: messages are signed with it";
        SetCurrency "currency" "c" "currency" "Say in which currency the shop counts";
        Reload "reload" "R f5" "reload" "Read the files again";
    }
    Scope::Screen(ScreenId::Segments) => {
        WriteFor "write-for" "w" "write for it" "Choose a strategy for this segment and watch messages being written";
        Members "members" "c" "customers" "List this segment's customers";
        MoreSegments "more-segments" "+ =" "more" "Group into one segment more";
        FewerSegments "fewer-segments" "minus" "fewer" "Group into one segment fewer";
        AutomaticSegments "automatic-segments" "0" "automatic" "Let the data say how many segments there are";
        WhyThisMany "why-this-many" "v" "why so many" "Show why there are this many segments";
        RenameSegment "rename-segment" "r" "rename" "Give the segment a name of your own";
        Axes "axes" "a" "axes" "Choose what the map shows: two features, or how alike customers are";
    }
    Scope::Screen(ScreenId::Customers) => {
        SortNext "sort" "s" "sort" "Sort by the next column";
        SortReverse "reverse" "S" "reverse" "Sort the other way round";
        NextSegmentFilter "segment-filter" "f" "segment" "Narrow the list to the next segment, or to all";
    }
    Scope::Screen(ScreenId::Strategies) => {
        KeepDrafts "keep" "a" "to review" "Go to Review with the variants; nothing is approved before you say so there";
        EditStrategy "edit-strategy" "e" "edit" "Edit the strategy; the preview follows as you type";
        SaveStrategy "save" "ctrl-s" "save" "Save the strategy";
        WriteAgain "write-again" "n" "new variants" "Write other variants of the same message";
        Pin "pin" "p" "pin" "Keep the selected variant while others are written around it, or let it go";
        Doubt "doubt" "v" "how sure" "Show how sure the model was of each word, and choose another one";
        Warmer "warmer" "w" "warmer" "Ask for warmer variants, or no longer";
        Shorter "shorter" "b" "shorter" "Ask for shorter variants, or no longer";
        MoreFormal "more-formal" "f" "more formal" "Ask for more formal variants, or no longer";
        NextSegment "next-segment" "s >" "segment" "Write for the next segment";
        SwitchAdapter "adapter" "A" "adapter" "Write without the adapter that stands beside the model, to compare, or with it again";
        Tune "sampling" "t" "sampling" "Change temperature, top-p, top-k, min-p, repetition penalty and seed";
        Compare "compare" "=" "compare" "Compare the selected variant with the others word by word, or no longer";
        Zoom "zoom" "z" "zoom" "Give the preview the whole window, or a part of it again";
        StopWriting "stop" "x" "stop" "Stop writing and keep what is there; esc does too";
        PreviousSegment "previous-segment" "S <" "segment back" "Write for the segment before";
        NextExample "next-example" "c" "customer" "Show the message with another typical customer's facts";
        DuplicateStrategy "duplicate" "d" "duplicate" "Make a copy of the strategy under a new name";
        EditOutside "edit-outside" "E" "editor" "Edit the strategy in $EDITOR";
    }
    Scope::Screen(ScreenId::Review) => {
        Approve "approve" "a" "approve" "Approve the draft: it may be sent as it is";
        EditDraft "edit-draft" "e" "edit" "Edit what was written; the rules are run again";
        Reject "reject" "r" "reject" "Reject the draft, with a reason";
        UndoDecision "undo" "u" "undo" "Take the last decision back";
        ExportApproved "export" "o" "outbox" "Merge approved messages for every customer who may get them into the outbox";
        ShowNext "show" "f" "show" "Show drafts that wait, are approved, are rejected, or all";
        NextSlot "next-slot" "s" "stretch" "Choose which of the written stretches is edited";
        NextClaim "next-claim" "c" "claims" "Look at the next claim of the message, and at what proves it";
        EditDraftOutside "edit-draft-outside" "E" "editor" "Edit what was written in $EDITOR";
        PlainDraft "plain-draft" "p" "plain characters" "Replace the characters that make a text message longer, where they stand in what was written";
        PlanCampaign "plan-campaign" "m" "campaign" "Plan a campaign that sends this approved message";
    }
    Scope::Screen(ScreenId::Campaigns) => {
        ApproveCampaign "approve-campaign" "a" "approve" "Approve the campaign as it is now; any change afterwards voids it";
        SendCampaign "send" "s" "send" "Launch the approved campaign and send it, or go on with one that was launched";
        PreviewMessages "preview" "v" "preview" "Show each message as its recipients see it";
        ShowLedger "ledger" "d" "ledger" "Show what was to go to whom, and what became of it";
        PauseCampaign "pause" "p" "pause" "Stop the campaign for a while";
        ResumeCampaign "resume" "r" "resume" "Go on sending a campaign that was paused, or that stopped by itself";
        EditPlan "edit-plan" "e" "edit" "Edit the campaign's plan in $EDITOR";
        PlainCharacters "plain-characters" "c" "plain characters" "Replace the characters that make a text message longer, where they stand in what was written";
        BrowserPage "browser-page" "b" "browser page" "Write the messages into a page for a browser, as recipients see them";
        TestSend "test-send" "t" "test" "Send the message in sight to yourself, with a code that is none";
        WithdrawApproval "withdraw" "u" "withdraw" "Take the campaign's approval back";
        CancelCampaign "cancel-campaign" "x" "end it" "End the campaign: what was not sent stays unsent";
        LookAgain "look-again" "R f5" "look again" "Read the campaigns and the settings of sending again";
    }
    Scope::Screen(ScreenId::Results) => {
        WriteReport "write-report" "o" "report" "Write the results into a page for a browser";
        MeasureAgain "measure-again" "R f5" "measure again" "Count what customers did since, again";
    }
    Scope::Screen(ScreenId::Jobs) => {
        CancelSelected "cancel-selected" "c" "cancel" "Cancel the selected job";
        ClearEnded "clear-ended" "x" "clear ended" "Take ended jobs off the list";
    }
    Scope::Screen(ScreenId::Voice) => {
        AcceptVoice "accept-voice" "a" "accept" "Write with the selected voice from now on; it asks first";
        LearnVoice "learn-voice" "n" "learn" "Learn a new voice from what was approved and edited; it asks first";
        StopLearning "stop-learning" "x" "stop" "Stop learning; it can go on where it was";
        ResumeLearning "resume-learning" "r" "go on" "Go on with the learning that was stopped";
        VoiceBack "voice-back" "u" "go back" "Go back to the voice before the one in use; it asks first";
        ReadVoices "read-voices" "R f5" "read again" "Read again what there is to learn from, and the voices";
    }
}

impl Action {
    /// The action's line in the table.
    #[must_use]
    pub fn row(self) -> &'static Row {
        // The table lists the variants in their order, which a test holds it to.
        &TABLE[self as usize]
    }

    /// The action with that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.action)
    }
}
