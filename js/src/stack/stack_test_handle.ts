// What browser tests may ask of a player: `roiwidgetsTest` on the root element.

import type { Pair } from "./frame_messages.ts";
import type { FramePane } from "./frame_pane.ts";
import type { SideView } from "./side_view.ts";
import type { StackSession } from "./stack_session.ts";
import type { TracePlot } from "./trace_plot.ts";

interface Parts {
  session: StackSession;
  sides: [top: SideView, right: SideView];
  plot: TracePlot;
  pane: FramePane;
  /** No drawing is due. */
  isDrawn(): boolean;
}

export function stackTestHandle({ session, sides, plot, pane, isDrawn }: Parts) {
  const worldOf = ([row, column]: Pair): [number, number] => {
    const { origin, spacing } = session.info;
    return [origin[1] + column * spacing[1], origin[0] + row * spacing[0]];
  };
  return {
    isSettled: () => session.isSettled && isDrawn(),
    /** The movie's frame that is drawn, and how its pixels came. */
    shown: () => {
      const { shown } = session;
      return shown && { frame: shown.index, step: shown.place.step, isExact: !shown.window };
    },
    /** Id of the movie of that frame. */
    movie: () => session.shown?.movie,
    /** Share of the movie that side views and projections have seen. */
    share: () => session.pictures.share,
    /** Colours (R, G, B) of a side view, a row of them for each row of its picture. */
    sideColors: (side: "top" | "right") => sides[side === "top" ? 0 : 1].readPicture(),
    /** Values that are plotted of a region, null where they are not known. */
    plotted: (id: string) => plot.plotted(id),
    framesPerSecond: () => session.framesPerSecond,
    pending: () => session.loader.pending,
    /** Frames that came though they were withdrawn. */
    late: () => session.loader.late,
    /** Page position (CSS pixels) of the centre of a pixel. */
    pageOf: (pixel: Pair) => {
      const { left, top } = pane.view.canvas.getBoundingClientRect();
      const [x, y] = pane.view.toPixel(...worldOf(pixel));
      return { x: left + x, y: top + y };
    },
    /** Colours (R, G, B) that the frame shows at pixels. */
    colorsAt: (pixels: Pair[]) => {
      const { canvas } = pane.view;
      const context = canvas.getContext("2d");
      if (!context) throw new Error("this browser has no 2-D canvas");
      const ratio = canvas.width / pane.view.width;
      return pixels.map((pixel) => {
        const [x, y] = pane.view.toPixel(...worldOf(pixel));
        const { data } = context.getImageData(Math.floor(x * ratio), Math.floor(y * ratio), 1, 1);
        return [...data.slice(0, 3)];
      });
    },
  };
}
